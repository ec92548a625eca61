# SPDX-License-Identifier: MIT
"""The results of the Open POSIX Test Suite as text.

results: {interface/n-m: (result, last line it printed)}.
"""
import collections
import fnmatch
import os

import posix_suite as suite
import suites

COLUMNS = ("passed", "failed", "unresolved", "unsupported", "untested", "not built")
NAMES = {"PASS": "passed", "UNRESOLVED": "unresolved", "UNSUPPORTED": "unsupported",
         "UNTESTED": "untested", "UNBUILT": "not built"}
HEAD = """# The Open POSIX Test Suite on fos

Made by `make conformance-posix`; this folder's README says how the tests are run.

"""


def column(result):
    return NAMES.get(result, "failed")


def ordered(names):
    return sorted(names, key=suite.order)


def counts(results):
    count = collections.Counter(column(result) for result, _ in results.values())
    return [count[name] for name in COLUMNS]


def summary(results):
    passed = counts(results)[0]
    rest = ", ".join(f"{n} {name}" for n, name in zip(counts(results)[1:], COLUMNS[1:]))
    share = 100 * passed / len(results) if results else 0
    return f"{passed} of {len(results)} tests passed ({share:.1f} %), {rest}"


def listing(results):
    return "".join(f"{name} {results[name][0]} {results[name][1]}".rstrip() + "\n"
                   for name in ordered(results) if results[name][0] != "PASS")


def by_interface(results):
    groups = collections.defaultdict(dict)
    for name, result in results.items():
        groups[name.split("/")[0]][name] = result
    lines = ["| interface | " + " | ".join(COLUMNS) + " |", "|---|" + "---|" * len(COLUMNS)]
    for interface in sorted(groups):
        cells = [str(n) if n else "" for n in counts(groups[interface])]
        lines.append(f"| {interface} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def failures(results):
    """With their reasons: those of posix.reasons, else what the tests said."""
    why = suites.reasons(os.path.join(suite.HERE, "posix.reasons"))
    lines = ["| test | | reason |", "|---|---|---|"]
    for name in ordered(results):
        result, said = results[name]
        if result in ("PASS", "UNTESTED", "UNSUPPORTED"):
            continue
        known = [why[pattern] for pattern in why if fnmatch.fnmatch(name, pattern)]
        lines.append(f"| {name} | {result} | {known[0] if known else suites.cell(said)} |")
    return "\n".join(lines) + "\n"


def document(results, apart):
    ours, others = {}, {}
    for name, result in results.items():
        (others if suite.matches(name.split("/")[0], apart) else ours)[name] = result
    text = HEAD + f"Interfaces fos has: {summary(ours)}.\n"
    if others:
        text += f"Options of POSIX that fos does not have: {summary(others)}.\n"
    text += "\n" + by_interface(ours) + "\n"
    if others:
        text += "## Options that fos does not have\n\n" + by_interface(others) + "\n"
    return text + "## What did not pass\n\n" + failures(ours)
