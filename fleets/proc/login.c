/* SPDX-License-Identifier: MIT */
#include "login.h"

#include <stdio.h>
#include <string.h>

#include <fos/start.h>

#include "fleet.h"

/* A leading - makes a shell a login shell. */
static const char shell[] = "sh", shell_argument[] = "-sh",
                  otherwise[] = "echo-bench";

static char text[APP_TEXT_MAX + LOGIN_ENVIRONMENT_MAX];

static void add(struct load *load, uint32_t *count, const char *format,
                const char *value)
{
    size_t room = sizeof text - load->text_size;
    int length = snprintf(text + load->text_size, room, format, value);

    if (length < 0 || (size_t)length >= room)
        return;
    load->text_size += (uint32_t)length + 1;
    ++*count;
}

static void environment_add(const struct cmdline *line, struct load *load)
{
    add(load, &load->envc, "PATH=%s", "/bin");
    add(load, &load->envc, "HOME=%s", "/root");
    add(load, &load->envc, "USER=%s", "root");
    add(load, &load->envc, "LOGNAME=%s", "root");
    add(load, &load->envc, "SHELL=%s", "/bin/sh");
    add(load, &load->envc, "TERM=%s", line->term);
    add(load, &load->envc, "LANG=%s", "C.UTF-8");
}

static bool shell_there(void)
{
    const void *image;
    uint64_t size;

    return program_find(shell, &image, &size) == 0;
}

bool login_is_shell(const struct cmdline *line)
{
    return !line->argc && shell_there();
}

const char *login_prepare(const struct cmdline *line, struct load *load)
{
    const char *name = text;

    load->argc = load->envc = load->text_size = 0;
    if (line->argc) {
        memcpy(text, line->text, line->text_size);
        load->argc = line->argc;
        load->text_size = line->text_size;
    } else if (login_is_shell(line)) {
        add(load, &load->argc, "%s", shell_argument);
        name = shell;
    } else {
        add(load, &load->argc, "%s", otherwise);
    }
    environment_add(line, load);
    load->block = (uint64_t)text;
    load->block_space = fos_own_space();
    return name;
}
