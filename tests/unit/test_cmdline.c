/* SPDX-License-Identifier: MIT */
/* The process fleet's reading of the kernel's command line. */
#include "fleets/proc/cmdline.h"

#include <fos/proto/proc.h>

#include "unit.h"

static struct cmdline line;

static const char *word(uint32_t n)
{
    const char *at = line.text;

    while (n--)
        at += strlen(at) + 1;
    return at;
}

/* What holds for every command line, well-made or not. */
static void check_sound(void)
{
    uint32_t strings = 0;

    CHECK(line.text_size <= APP_TEXT_MAX);
    for (uint32_t i = 0; i < line.text_size; i++)
        strings += line.text[i] == '\0';
    CHECK_EQ(strings, line.argc);
    CHECK(line.argc <= APP_ARGS_MAX);
    CHECK(line.text_size == 0 || line.text[line.text_size - 1] == '\0');
    CHECK(memchr(line.tag, '\0', TAG_MAX) != NULL);
}

CASE("an empty command line names no program and no tag")
{
    cmdline_parse(&line, "");
    CHECK_EQ(line.argc, 0);
    CHECK_TEXT(line.tag, "");
}

CASE("a program, its arguments and the tag are found in either order")
{
    cmdline_parse(&line, "app=\"hello one  two\" tag=ab12");
    REQUIRE(line.argc == 3);
    CHECK_TEXT(word(0), "hello");
    CHECK_TEXT(word(1), "one");
    CHECK_TEXT(word(2), "two");
    CHECK_TEXT(line.tag, "ab12");
    cmdline_parse(&line, "tag=ab12 app=hello");
    REQUIRE(line.argc == 1);
    CHECK_TEXT(word(0), "hello");
    CHECK_TEXT(line.tag, "ab12");
}

CASE("single quotes keep spaces, and make an empty argument")
{
    cmdline_parse(&line, "app=\"a 'b c' '' d'e f'\"");
    REQUIRE(line.argc == 4);
    CHECK_TEXT(word(1), "b c");
    CHECK_TEXT(word(2), "");
    CHECK_TEXT(word(3), "de f");
    check_sound();
}

CASE("a key inside another word is not taken")
{
    cmdline_parse(&line, "myapp=x stag=1 app=y");
    REQUIRE(line.argc == 1);
    CHECK_TEXT(word(0), "y");
    CHECK_TEXT(line.tag, "");
}

CASE("a program's arguments are not taken for words of the line")
{
    cmdline_parse(&line, "app=\"a tag=12 app=b panic c\" tag=34");
    CHECK_EQ(line.argc, 5);
    CHECK_TEXT(line.tag, "34");
    CHECK(!line.panic);
}

CASE("the number of naming members is kept within bounds")
{
    cmdline_parse(&line, "app=a");
    CHECK_EQ(line.names, NAMES_DEFAULT);
    cmdline_parse(&line, "app=a names=3 mortal");
    CHECK_EQ(line.names, 3);
    CHECK(line.mortal && !line.panic);
    cmdline_parse(&line, "names=0");
    CHECK_EQ(line.names, 1);
    cmdline_parse(&line, "names=4000000000000000000000");
    CHECK_EQ(line.names, PROC_MEMBERS_MAX);
    cmdline_parse(&line, "names=x app=\"a names=4 mortal\"");
    CHECK_EQ(line.names, 1);
    CHECK(!line.mortal);
}

CASE("panic is a whole word")
{
    cmdline_parse(&line, "app=a panic");
    CHECK(line.panic);
    cmdline_parse(&line, "panic app=a");
    CHECK(line.panic);
    cmdline_parse(&line, "app=a panics nopanic panic=0");
    CHECK(!line.panic);
}

CASE("seconds of silence are a number, or 0")
{
    cmdline_parse(&line, "app=a hang=8 panic");
    CHECK_EQ(line.hang, 8);
    cmdline_parse(&line, "app=\"a hang=8\"");
    CHECK_EQ(line.hang, 0);
    cmdline_parse(&line, "hang=x app=a");
    CHECK_EQ(line.hang, 0);
    cmdline_parse(&line, "hang=1000 app=a");
    CHECK_EQ(line.hang, 1000);
    cmdline_parse(&line, "hang=1008 app=a");
    CHECK_EQ(line.hang, HANG_MAX);
    cmdline_parse(&line, "hang=99999999999999999999 hang=x app=a");
    CHECK_EQ(line.hang, HANG_MAX);
}

CASE("a quote that is not closed ends with the line")
{
    cmdline_parse(&line, "app=\"a 'b c");
    REQUIRE(line.argc == 2);
    CHECK_TEXT(word(1), "b c");
    check_sound();
}

CASE("a tag keeps letters and digits only, and not too many")
{
    cmdline_parse(&line,
                  "tag=a]\n%b0123456789012345678901234567890123456789012345");
    CHECK_EQ(strlen(line.tag), TAG_MAX - 1);
    CHECK(strncmp(line.tag, "ab0123", 6) == 0);
}

CASE("too many and too long arguments are cut off")
{
    static char many[8192] = "app=\"";
    for (int i = 0; i < 1000; i++)
        strcat(many, "x ");
    cmdline_parse(&line, many);
    CHECK_EQ(line.argc, APP_ARGS_MAX);
    check_sound();
    memset(many + 5, 'y', sizeof many - 6);
    cmdline_parse(&line, many);
    CHECK_EQ(line.argc, 1);
    check_sound();
}

CASE("random command lines are read soundly")
{
    uint64_t seed = unit_setting("SEED", 2026);
    const char pieces[][8] = {"app=", "tag=", "\"", "'", " ", "a", "\1", "zz", "="};
    unit_seed_is(seed);
    for (int round = 0; round < 20000; round++) {
        char text[600] = "";
        for (uint64_t n = unit_random(&seed) % 80; n; n--)
            strcat(text, pieces[unit_random(&seed) % 9]);
        cmdline_parse(&line, text);
        check_sound();
    }
}
