#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every function that a header of POSIX's declares can be linked.

The headers' folder and the compiler's driver (tools/fos-cc) are the arguments.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

LEAST = 200              # functions they declare; fewer: they were not found


def declared(driver, folder):
    """Names of the functions that the headers declare and do not define."""
    names = [os.path.relpath(path, folder)
             for path in glob.glob(f"{folder}/**/*.h", recursive=True)]
    text = "".join(f"#include <{name}>\n" for name in sorted(names))
    with tempfile.NamedTemporaryFile("r") as listed:
        subprocess.run([driver, "-aux-info", listed.name, "-S", "-o", "/dev/null",
                        "-x", "c", "-"], input=text, text=True, check=True)
        found = re.findall(rf"^/\* \S*{re.escape(folder)}/\S+ \*/ extern [^;]*?(\w+) \(",
                           listed.read(), re.M)
    return sorted(set(found))


def undefined(driver, names):
    """Those of the names that a program which uses them all is not linked with."""
    uses = "".join(f'__asm__(".quad {name}");\n' for name in names)
    done = subprocess.run([driver, "-o", "/dev/null", "-x", "c", "-", "-x", "none"],
                          input=f"int main(void)\n{{\n{uses}}}\n", text=True,
                          capture_output=True, env={**os.environ, "LC_ALL": "C"},
                          check=False)
    missing = re.findall(r"undefined reference to `(\w+)'", done.stderr)
    return sorted(set(missing)) if done.returncode == 0 or missing else [done.stderr]


def main():
    folder, driver = sys.argv[1:]
    names = declared(driver, folder)
    missing = undefined(driver, [*names, "h_errno", "in6addr_any"])
    control = undefined(driver, ["main", "nobody_defines_this"])
    sentences = [
        ("the functions that headers declare are found", len(names) >= LEAST,
         f"{len(names)} only"),
        ("a function that nobody defines is found", control == ["nobody_defines_this"],
         str(control)),
        ("every function that a header declares links", not missing, ", ".join(missing))]
    for sentence, holds, why in sentences:
        print(f"ok {sentence}" if holds else f"FAIL {sentence}: {why}")
    return 0 if all(holds for _, holds, _ in sentences) else 1


if __name__ == "__main__":
    sys.exit(main())
