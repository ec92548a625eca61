# SPDX-License-Identifier: MIT
"""Checks that run a compiler on each file: formatting, clang-tidy, headers alone."""
import os
import re
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor

from .tree import Problem, area, is_program

MESSAGE = re.compile(r"(?:\./)?([^:\s][^:]*):(\d+):\d+: (?:fatal )?(?:error|warning): (.*)")


def run_each(tree, jobs):
    """Runs (check, path, command) in parallel; a Problem for each complaint."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for problems in pool.map(lambda job: run_one(tree, *job), jobs):
            yield from problems


def run_one(tree, check, path, command):
    done = subprocess.run(command, cwd=tree.root, capture_output=True, text=True,
                          errors="replace", stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        return []
    found = dict.fromkeys(filter(None, map(MESSAGE.match,
                                           (done.stdout + done.stderr).splitlines())))
    problems = {(os.path.relpath(m[1], tree.root) if os.path.isabs(m[1]) else m[1],
                 int(m[2]), m[3]) for m in found}
    if not problems:
        problems = {(path, 0, (done.stderr or done.stdout).strip()[:300])}
    return [Problem(check, *problem) for problem in sorted(problems)]


def check_format(tree):
    """One problem a file: the first place, and how many there are."""
    places = {}
    jobs = (("format", path, ["clang-format", "--dry-run", "-Werror", path])
            for path in tree.ending(".c", ".h"))
    for problem in run_each(tree, jobs):
        places.setdefault(problem.path, []).append(problem.line)
    for path, lines in places.items():
        yield Problem("format", path, min(lines), f"{len(lines)} places; `make format`")


class Flags:
    """The compiler's flags for a file, by its area."""

    def __init__(self, kernel, user, host):
        self.kernel, self.user, self.host = map(shlex.split, (kernel, user, host))

    def of(self, path):
        part = area(path)
        if part in ("kernel", "abi", "formats"):
            return self.kernel
        if part.startswith("libfos") or is_program(part):
            return self.user
        if path.startswith("tests/model/"):
            return self.host + ["-DFOS_EXPLORE"]
        return self.host

    def of_clang(self, path, include):
        """The same without gcc's own headers, with clang's instead."""
        flags, result = iter(self.of(path)), []
        for flag in flags:
            if flag == "-isystem":
                folder = next(flags)
                if "/gcc/" not in folder:
                    result += [flag, folder]
            elif not flag.startswith(("-fsanitize", "--param")):
                result.append(flag)
        return result + ["-isystem", include]


def check_headers(tree, flags, compiler):
    """Each header compiles alone; those laid over the C library's, as a program has them."""
    def source(path):
        over = path.partition("posix/include/")[2]
        return ["-include", over, "/dev/null"] if over else [path]
    return run_each(tree, (("header", path, [compiler, *flags.of(path), "-fsyntax-only",
                                             "-Wno-unused-function", "-x", "c", *source(path)])
                           for path in tree.ending(".h")))


def check_tidy(tree, flags):
    include = subprocess.run(["clang", "-print-file-name=include"], capture_output=True,
                             text=True, check=True).stdout.strip()
    return run_each(tree, (("tidy", path, ["clang-tidy", "--quiet", path, "--",
                                           *flags.of_clang(path, include)])
                           for path in tree.ending(".c")))
