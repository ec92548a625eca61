/* SPDX-License-Identifier: MIT */
/* Requests to the process fleet that say what is to run (struct proc_image). */
#ifndef FOS_POSIX_REQUEST_H
#define FOS_POSIX_REQUEST_H

#include <fos/part.h>
#include <fos/proc.h>

/* An item of the blob besides the parts'. */
struct program_item {
    enum fos_inherit_kind kind;
    const void *data;
    uint32_t size;
};

/* Memory that a request points to, until it is answered. */
struct program_request {
    struct fos_inherit inherit;
    uint8_t *block;
    void *image;
    size_t image_room; /* bytes mapped at image */
    char *interpreter; /* line of a script: "#!" and what follows */
    char **argv;       /* of a script's interpreter */
    bool whole;        /* files of the archive are read, too */
};

/* What is asked for. */
struct program_call {
    const char *path;
    char *const *argv, *const *envp;
    const struct program_item *extra;
};

/*
 * Fills in everything of `what`: the program that the path names, or the interpreter its
 * first line does, the strings, and `extra` beside what the parts hand on.
 * `read`: also a file of the boot archive is read here, which it need not be unless the
 * process fleet has found it to be no program.  0, or a negated error as exec's;
 * nothing is then left.
 */
long program_request(struct program_request *r, struct proc_image *what,
                     const struct program_call *call, bool read);

/*
 * Makes the request by `send` (which fills in the struct around `what` and calls the
 * process fleet), once, or twice for a script of the archive.  As program_request, and
 * what `send` gives.
 */
long program_send(const struct program_call *call,
                  long (*send)(const struct proc_image *what, void *argument),
                  void *argument);

void program_request_end(struct program_request *r);

#endif
