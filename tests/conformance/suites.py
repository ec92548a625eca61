# SPDX-License-Identifier: MIT
"""What the suites of other people have in common: where their sources are, and the tables."""
import collections
import os
import subprocess
import sys

import cases


def fetched(package):
    """The archive of a source package that tools/fetch got."""
    found = subprocess.run([os.path.join(cases.ROOT, "tools/fetch"), "--where", package],
                           stdout=subprocess.PIPE, text=True).stdout.strip()
    return found or sys.exit(f"conformance: no source of {package}; tools/fetch gets it")


def unpack(package, folder):
    source = os.path.join(folder, "src")
    if not os.path.isdir(source):
        os.makedirs(source)
        subprocess.run(["tar", "xf", fetched(package), "-C", source, "--strip-components=1"],
                       check=True)
    return source


def reasons(path):
    """`NAME => WHY` a line: why a test does not pass."""
    with open(path) as file:
        lines = [line.rstrip("\n") for line in file if line.strip() and line[0] != "#"]
    return dict(line.split(" => ", 1) for line in lines)


def summary(results):
    count = collections.Counter(result for result, _ in results.values())
    parts = [f"{count[kind]} {kind}" for kind in ("pass", "fail", "skip") if count[kind]]
    return f"{len(results)} tests: " + ", ".join(parts)


def cell(text):
    shown = "".join(c if " " <= c <= "~" else " " for c in text)
    return " ".join(shown.replace("|", "\\|").split())


def table(results, title, head, why):
    """Markdown: the counts, and what did not pass.  `why`: reasons known of failures."""
    lines = [f"# {title}", "", head, "", summary(results), "", "| test | | reason |",
             "|---|---|---|"]
    for name, (result, said) in results.items():
        if result != "pass":
            lines.append(f"| {cell(name)} | {result} | {cell(why.get(name, said))} |")
    return "\n".join(lines) + "\n"


def report(results, path, text):
    for name, (result, said) in results.items():
        if result == "fail":
            print(f"FAIL {name}: {said}")
    print(summary(results))
    if path:
        with open(path, "w") as file:
            file.write(text)
