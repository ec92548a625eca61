# SPDX-License-Identifier: MIT
"""What the kernel's own pages allow, read from outside in its page tables."""
import os
import re
import subprocess

from runner.paths import ROOT
from system_tests import case, check

RUN = os.path.join(ROOT, "tools/run")
SECONDS = 120
SCRIPT = "tests/system/gdb/pages.py"
WRITE, NO_EXECUTE, FRAME = 1 << 1, 1 << 63, 0x000ffffffffff000
DIRECT, STACKS, IMAGE = 0xffff880000000000, 0xffffc90000000000, 0xffffffff80000000
STACK, STRIDE = 0x4000, 0x8000      # each stack is the upper end of its stride


def look():
    """({virtual address: entry}, {symbol: address}), when the kernel starts to schedule."""
    commands = ["hbreak sched_run", "continue", f"source {SCRIPT}"]
    done = subprocess.run(
        [RUN, *(word for line in commands for word in ("--gdb-batch", line))],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=SECONDS)
    check(done.returncode == 0 and "\nall shown" in done.stdout, done.stdout)
    pages = {int(va, 16): int(entry, 16) for va, entry in
             re.findall(r"^page (0x\w+) (0x\w+)$", done.stdout, re.M)}
    return pages, {name: int(value, 16) for name, value in
                   re.findall(r"^symbol (\w+) (0x\w+)$", done.stdout, re.M)}


def between(pages, start, end):
    return {va: entry for va, entry in pages.items() if start <= va < end}


def check_image(pages, at):
    check(at["kernel_text_start"] == IMAGE, "the image begins elsewhere")
    for va, entry in between(pages, IMAGE, 1 << 64).items():
        text, constant = va < at["kernel_text_end"], va < at["kernel_rodata_end"]
        check(bool(entry & WRITE) == (not constant), f"{va:#x} is {entry:#x}: writing")
        check(bool(entry & NO_EXECUTE) == (not text), f"{va:#x} is {entry:#x}: running")
        check(va < at["kernel_end"], f"{va:#x}, behind the image, is mapped")
    for va in range(IMAGE, at["kernel_rodata_end"], 4096):
        check(va in pages, f"{va:#x} is not mapped")


def check_direct_map(pages, at):
    fixed = {pages[va] & FRAME for va in range(IMAGE, at["kernel_rodata_end"], 4096)}
    found = between(pages, DIRECT, STACKS)
    for va, entry in found.items():
        check(entry & NO_EXECUTE, f"{va:#x} can be run")
        check(not (entry & WRITE and entry & FRAME in fixed),
              f"{va:#x} makes text or constants writable")
    check(fixed <= {entry & FRAME for entry in found.values()}, "not all frames were seen")


def check_stacks(pages):
    found = between(pages, STACKS, IMAGE)
    check(found, "there is no stack")
    for va, entry in found.items():
        check(va % STRIDE >= STRIDE - STACK, f"{va:#x}, below a stack, is mapped")
        check(entry & NO_EXECUTE and entry & WRITE, f"{va:#x} is {entry:#x}")


@case("no page of the kernel is writable and executable; text and constants are writable "
      "in no mapping; below each stack is an unmapped page")
def kernel_pages(_):
    pages, at = look()
    check_image(pages, at)
    check_direct_map(pages, at)
    check_stacks(pages)
