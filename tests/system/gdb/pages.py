# SPDX-License-Identifier: MIT
"""For gdb, stopped in the kernel: prints `page VIRTUAL ENTRY` for what is present around the
kernel's image, its stacks and the beginning of its map of all frames, as the page tables
in the machine's physical memory say; then `symbol NAME ADDRESS` and `all shown`.
Sourced by tests/system/protection.py."""
import re

import gdb

RANGES = [(0xffffffff80000000, 512), (0xffffc90000000000, 64), (0xffff880000000000, 512)]
SYMBOLS = ["kernel_text_start", "kernel_text_end", "kernel_rodata_end", "kernel_end"]
PRESENT, LARGE, FRAME = 1, 1 << 7, 0x000ffffffffff000


def monitor(command):
    return gdb.execute("monitor " + command, to_string=True)


def table(frame):
    """The 512 entries of the table at a physical address."""
    shown = monitor(f"xp /512gx {frame:#x}")
    return [int(word, 16) for line in shown.splitlines()
            for word in re.findall(r"0x[0-9a-f]+", line.split(":", 1)[1])]


def leaves(root, va):
    """The last table on the way to `va`."""
    for shift in (39, 30, 21):
        entry = table(root)[va >> shift & 511]
        if not entry & PRESENT or (shift < 39 and entry & LARGE):
            return []
        root = entry & FRAME
    return table(root)


def main():
    registers = monitor("info registers")
    root = int(re.search(r"CR3=([0-9a-f]+)", registers)[1], 16) & FRAME
    for va, pages in RANGES:
        for n, entry in enumerate(leaves(root, va)[:pages]):
            if entry & PRESENT:
                print(f"page {va + n * 4096:#x} {entry:#x}")
    for name in SYMBOLS:
        print(f"symbol {name} {int(gdb.parse_and_eval(f'(unsigned long)&{name}')):#x}")
    print("all shown")


main()
