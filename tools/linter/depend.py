# SPDX-License-Identifier: MIT
"""Who may include what: apps, fleets -> libfos -> kernel/include/fos/abi; all of them
formats."""
import os
import re

from .tree import C_ENDINGS, Problem, area, is_program

INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')
ROOTS = ("kernel/include", "formats", "libfos/include", "kernel", "")
HYPERCALL = re.compile(r"\bHYPER" r"VISOR_\w+")


def resolve(tree, path, form, name):
    """The file of the tree that an #include names, or None for one outside."""
    folders = [os.path.dirname(path)] if form == '"' else []
    for folder in folders + list(ROOTS):
        target = os.path.normpath(os.path.join(folder, name))
        if tree.has(target):
            return target
    return None


def allowed(user, used):
    """Whether area `user` may include a file of area `used`."""
    if user == used or used == "abi" or (used == "formats" and user != "abi"):
        return True
    if user in ("libfos", "abi", "formats"):
        return False
    if user.startswith("tests/boot") and used == "tests/boot":
        return True  # what the boot tests share
    if user == "libfos-inside" or is_program(user):
        return used == "libfos"
    return user in ("tests", "tools")


def check_depend(tree):
    for path in tree.ending(*C_ENDINGS):
        for number, line in tree.lines(path):
            include = INCLUDE.match(line)
            target = include and resolve(tree, path, *include.groups())
            if target and not allowed(area(path), area(target)):
                yield Problem("depend", path, number, f"{area(path)} must not include "
                              f"{target} ({area(target)})")


def check_hypercalls(tree):
    for path in tree.ending(*C_ENDINGS):
        if path.startswith("kernel/xen/"):
            continue
        for number, line in tree.lines(path):
            found = HYPERCALL.search(line)
            if found:
                yield Problem("hypercall", path, number,
                              f"{found[0]} outside kernel/xen")
