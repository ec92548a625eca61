/* SPDX-License-Identifier: MIT */
/* Aliases of paths: SHA-256 with the vectors of FIPS 180-4 and of NIST's examples. */
#include <fos/name.h>

#include "unit.h"

static void is_alias(const char *text, uint64_t first, uint64_t second)
{
    struct fos_alias got = fos_alias(text);

    CHECK_EQ(got.word[0], first | FOS_ALIAS_PATH);
    CHECK_EQ(got.word[1], second);
}

CASE("an alias is the first half of the path's SHA-256, marked as a path's")
{
    is_alias("", 0xe3b0c44298fc1c14, 0x9afbf4c8996fb924);
    is_alias("abc", 0xba7816bf8f01cfea, 0x414140de5dae2223);
    is_alias("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
             0x248d6a61d20638b8, 0xe5c026930c3e6039);
}

CASE("a path may be longer than a block, and end anywhere in one")
{
    static const struct {
        size_t length;
        uint64_t first, second;
    } letters[] = {
        {55, 0x9f4390f8d30c2dd9, 0x2ec9f095b65e2b9a},
        {56, 0xb35439a4ac6f0948, 0xb6d6f9e3c6af0f5f},
        {64, 0xffe054fe7ae0cb6d, 0xc65c3af9b61d5209},
        {119, 0x31eba51c313a5c08, 0x226adf18d4a359cf},
    };
    char text[128];

    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        memset(text, 'a', letters[i].length);
        text[letters[i].length] = '\0';
        is_alias(text, letters[i].first, letters[i].second);
    }
}
