# SPDX-License-Identifier: MIT
"""The kernel's own lists: events, system calls, errors (kernel/include/fos/abi/*.def)."""
import collections
import os
import re

ABI = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                   "kernel", "include", "fos", "abi")
Event = collections.namedtuple("Event", "name a b sentence")


def rows(file, macro):
    """The argument lists of every MACRO(...) that begins a line, strings as they are."""
    with open(os.path.join(ABI, file)) as text:
        for found in re.finditer(rf'^{macro}\(([^"]*),\s*"((?:[^"\\]|\\.)*)"\)',
                                 text.read(), re.M):
            yield [*(part.strip() for part in found[1].split(",")), found[2]]


def unique(pairs, what):
    table = {}
    for number, value in pairs:
        if number in table:
            raise ValueError(f"{what} {number} stands twice")
        table[number] = value
    return table


def events():
    return unique(((int(row[0]), Event(*row[1:])) for row in rows("trace.def", "TRACE")),
                  "event")


def syscalls():
    return unique(((int(row[0]), row[1]) for row in rows("syscalls.def", "SYSCALL")),
                  "system call")


def errors():
    return unique(((int(row[1]), row[0]) for row in rows("errors.def", "ERROR")), "error")
