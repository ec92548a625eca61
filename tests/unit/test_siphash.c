/* SPDX-License-Identifier: MIT */
/* Against the published vectors: key 00 01 .. 0f, input 00 01 .. of each length
 * (the paper's appendix A for 15 bytes; the reference code's table for the rest). */
#include <fos/siphash.h>

#include "unit.h"

static const struct {
    size_t length;
    uint64_t short_hash;
    uint64_t long_hash[2];
} vectors[] = {
    {0, 0x726fdb47dd0e0e31, {0xe6a825ba047f81a3, 0x930255c71472f66d}},
    {1, 0x74f839c593dc67fd, {0x44af996bd8c187da, 0x45fc229b11597634}},
    {2, 0x0d6c8009d9a94f5a, {0xc75da4a48d227781, 0xe4ff0af6de8ba3fc}},
    {7, 0xab0200f58b01d137, {0x53c1dbd8beebf1a1, 0x3982f01fa64ab8c0}},
    {8, 0x93f5f5799a932462, {0x61f55862baa9623b, 0xb49714f364e2830f}},
    {15, 0xa129ca6149be45e5, {0x11a8b03399e99354, 0xd9c3cf970fec087e}},
    {63, 0x958a324ceb064572, {0x4a83502f77d15051, 0x7cbd3f979a063e50}},
};

static const struct fos_siphash_key key = {
    {0x0706050403020100, 0x0f0e0d0c0b0a0908}};

CASE("siphash: the published vectors, 64 and 128 bits, at every alignment")
{
    uint8_t input[8 + 64];
    uint64_t out[2];

    for (size_t shift = 0; shift < 8; shift++) {
        for (size_t i = 0; i < 64; i++)
            input[shift + i] = (uint8_t)i;
        for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
            size_t length = vectors[i].length;
            CHECK_EQ(fos_siphash(&key, input + shift, length),
                     vectors[i].short_hash);
            fos_siphash128(&key, input + shift, length, out);
            CHECK_EQ(out[0], vectors[i].long_hash[0]);
            CHECK_EQ(out[1], vectors[i].long_hash[1]);
        }
    }
}
