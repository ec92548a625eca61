# SPDX-License-Identifier: MIT
"""Checks that read text: licence line, words, sizes."""
import os
import re
import subprocess

from .tree import C_ENDINGS, Problem

KERNEL_LINES_MAX = 8000
KERNEL_TEXT_MAX = 64 * 1024
FILE_LINES_MAX = 700
FUNCTION_LINES_MAX = 60

LICENSED = C_ENDINGS + (".def", ".ld", ".mk", ".py", ".sh", ".awk", ".cfg")
SPDX = "SPDX-License-Identifier: MIT"

# Assembled from pieces, so that this file passes.
WORDS = [(re.compile(r"\b(" + "TO" "DO|FIX" "ME|XX" "X|HA" "CK)" + r"\b"),
          "leaves work for later"),
         (re.compile(r"\bCopyright\b|All rights " r"reserved|General Public " r"License"),
          "looks like someone else's source"),
         (re.compile(r"/wo" r"rk/|/home/\w"), "names a path of one machine")]
PROSE = ("README.md", "LICENSE")  # may speak of other people's licences


def check_spdx(tree):
    for path in tree.files:
        name = os.path.basename(path)
        script = not os.path.splitext(name)[1] and tree.text(path).startswith("#!")
        if not (path.endswith(LICENSED) or name == "Makefile" or script):
            continue
        if not any(SPDX in line for number, line in tree.lines(path) if number <= 3):
            yield Problem("spdx", path, 1, "no line `SPDX-License-Identifier: MIT`")


def check_words(tree):
    for path in tree.files:
        if tree.is_binary(path):
            continue
        patterns = WORDS[-1:] if path.endswith(PROSE) else WORDS
        for number, line in tree.lines(path):
            for pattern, complaint in patterns:
                found = pattern.search(line)
                if found:
                    yield Problem("words", path, number, f"`{found[0]}` {complaint}")


def check_sizes(tree):
    kernel = 0
    for path in tree.ending(*C_ENDINGS):
        count = sum(1 for _ in tree.lines(path))
        kernel += count if path.startswith("kernel/") else 0
        if count > FILE_LINES_MAX:
            yield Problem("size", path, count, f"{count} lines; split it by "
                          f"{FILE_LINES_MAX}")
        yield from long_functions(tree, path)
    if kernel >= KERNEL_LINES_MAX:
        yield Problem("size", "kernel", 0, f"{kernel} lines of C and assembly, not under "
                      f"{KERNEL_LINES_MAX}")


def long_functions(tree, path):
    """A function's body stands between braces in the first column."""
    start = 0
    for number, line in tree.lines(path) if path.endswith((".c", ".h")) else ():
        if line == "{":
            start = number
        elif line == "}" and start:
            if number - start - 1 > FUNCTION_LINES_MAX:
                yield Problem("size", path, start, f"a function of {number - start - 1} "
                              f"lines, over {FUNCTION_LINES_MAX}", False)
            start = 0


def check_kernel_text(elf):
    """The bytes of code in a built kernel."""
    out = subprocess.run(["size", "-A", elf], capture_output=True, text=True, check=True)
    text = sum(int(fields[1]) for fields in map(str.split, out.stdout.splitlines())
               if fields and re.fullmatch(r"\.(text|init\.text|text\..*)", fields[0]))
    if text == 0 or text >= KERNEL_TEXT_MAX:
        yield Problem("size", elf, 0, f"{text} bytes of kernel text, not under "
                      f"{KERNEL_TEXT_MAX}")
