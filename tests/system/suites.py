# SPDX-License-Identifier: MIT
"""Of other people's suites (tests/conformance/) what neither takes long nor goes by time."""
import os
import re
import subprocess

from runner.paths import in_root
from system_tests import case, check, skip

PATTERNS = ["arith-*", "integer-*", "varexpand-*", "IFS-*", "read-*", "case-*", "arrays-*",
            "nameref-*", "ulimit-*"]
LEAST = 110              # tests that these names mean; fewer: they were not found


def need_source(package):
    found = subprocess.run([in_root("tools/fetch"), "--where", package],
                           stdout=subprocess.DEVNULL)
    if found.returncode or not os.path.lexists(in_root("build/archive/boot/sh")):
        skip(f"there is no source of {package}")


@case("the shell passes those of its own tests that need neither time nor a keyboard")
def shell(_):
    need_source("mksh")
    done = subprocess.run([in_root("tests/conformance/mksh"), "--boots", "1", *PATTERNS],
                          capture_output=True, text=True)
    summary = re.search(r"^\d+ tests: (\d+) pass(?:, \d+ skip)?$", done.stdout, re.M)
    check(summary and int(summary[1]) >= LEAST, done.stdout + done.stderr)
