# SPDX-License-Identifier: MIT
"""apps/ports.mk: a program of others is made by the two files in its folder."""
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAKEFILE = f"""\
B := build
CACHE := cache
NEWLIB := newlib
include apps/thing/module.mk
include {ROOT}/apps/ports.mk
"""
SCRIPT = 'tar xf "$1" -C "$2" && echo thing.o >"$2/objects"\n'
FILES = {"Makefile": MAKEFILE,
         "apps/thing/module.mk": "PORTED += thing\nthing-package := things\n",
         "apps/thing/build.sh": SCRIPT,
         "libfos/posix/include/a.h": "", "newlib/.done": "", "tools/fos-cc": "",
         "thing.o": "an object"}


def make(folder):
    for name, text in FILES.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
    tarball = "cache/src/things/things.orig.tar.gz"
    os.makedirs(os.path.join(folder, os.path.dirname(tarball)))
    subprocess.run(["tar", "czf", tarball, "thing.o"], cwd=folder, check=True)
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return subprocess.run(["make", "-s", "build/ports/thing/.done"], cwd=folder,
                          env=environment, capture_output=True, text=True)


def main():
    sentence = "a port's build.sh need not be executable"
    with tempfile.TemporaryDirectory() as folder:
        done = make(folder)
        there = os.path.exists(os.path.join(folder, "build/ports/thing/thing.o"))
    if done.returncode or not there:
        print(f"FAIL {sentence}: {(done.stdout + done.stderr).strip()}")
        return 1
    print(f"ok {sentence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
