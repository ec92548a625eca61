# SPDX-License-Identifier: MIT
"""The source tree as the checks see it."""
import os
import subprocess
from collections import namedtuple

# A finding; `fatal` is False for what is only reported.
Problem = namedtuple("Problem", "check path line text fatal", defaults=(True,))

C_ENDINGS = (".c", ".h", ".S")


class Tree:
    """All files under `root` that belong to the project."""

    def __init__(self, root):
        self.root = root
        self.files = sorted(path for path in self._list() if os.path.isfile(self.at(path)))
        self._known = set(self.files)

    def _list(self):
        if os.path.exists(os.path.join(self.root, ".git")):
            out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"],
                                 cwd=self.root, check=True, capture_output=True).stdout
            return [os.fsdecode(name) for name in out.split(b"\0") if name]
        return [os.path.relpath(os.path.join(folder, name), self.root)
                for folder, _, names in os.walk(self.root) for name in names]

    def at(self, path):
        return os.path.join(self.root, path)

    def has(self, path):
        return os.path.normpath(path) in self._known

    def text(self, path):
        with open(self.at(path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def lines(self, path):
        """(number, line) of a file, from 1."""
        return enumerate(self.text(path).splitlines(), 1)

    def ending(self, *endings):
        return [path for path in self.files if path.endswith(endings)]

    def is_binary(self, path):
        with open(self.at(path), "rb") as file:
            return b"\0" in file.read(4096)


def area(path):
    """The part of the system a file belongs to: what may include it, and how it is built."""
    parts = path.split("/")
    if path.startswith("kernel/include/"):
        return "abi"
    if parts[0] in ("fleets", "apps") and len(parts) > 2:
        return "/".join(parts[:2])
    if parts[:2] == ["tests", "boot"]:
        return "/".join(parts[:-1][:3])
    if parts[0] == "libfos":
        return "libfos" if path.startswith("libfos/include/") else "libfos-inside"
    return parts[0]


def is_program(name):
    """Whether an area is code that runs as a process of fos."""
    return name.startswith(("fleets/", "apps/", "tests/boot"))
