# SPDX-License-Identifier: MIT
"""The app `trace` from the guest to the files: tools/run --trace."""
import json
import os
import re
import subprocess
import tempfile

from runner.paths import ROOT
from system_tests import case, check


def traced(accel, *program):
    """(lines of text, JSON, what the terminal showed)"""
    with tempfile.TemporaryDirectory() as folder:
        prefix = os.path.join(folder, "trace")
        done = subprocess.run(
            [os.path.join(ROOT, "tools/run"), "--quick", "--accel", accel, "--trace",
             prefix, "--", "trace", *program], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300)
        check(done.returncode == 0, f"ended with {done.returncode}: {done.stdout[-500:]}")
        with open(prefix + ".txt") as text, open(prefix + ".json") as events:
            return text.read().splitlines(), json.load(events), done.stdout


@case("a traced program's life is in the text and in the JSON, and off the terminal")
def both_files(accel):
    lines, document, shown = traced(accel, "hello")
    check("[trace]" not in shown, "the trace is on the terminal")
    check(re.search(r"trace: \d+ events, 0 lost", shown), "events were lost")
    check("unreadable" not in lines[0] and "missing" not in lines[0], lines[0])
    steps = [r"hello +name +text=hello", r"hello +connect ", r"hello +accept ",
             r"hello +syscall_enter +syscall=exit",
             r"hello +end .*state=1"]
    at = 0
    for step in steps:
        at = next((i for i in range(at, len(lines)) if re.search(step, lines[i])), None)
        check(at is not None, f"/{step}/ is not there, or too early")
    names = {e["args"]["name"] for e in document["traceEvents"]
             if e["name"] == "process_name"}
    check("vCPUs" in names and any(name.endswith("/hello") for name in names), names)
    check(all(e["dur"] >= 0 for e in document["traceEvents"] if e["ph"] == "X"),
          "a slice ends before it begins")


@case("only the events asked for are recorded")
def selection(accel):
    lines, _, _ = traced(accel, "-e", "message,block", "hello")
    kinds = {line.split()[4] for line in lines[1:]}
    check(kinds == {"message", "block"}, f"{kinds}")


@case("of a long trace the newest events are kept, and the others counted")
def newest(accel):
    lines, _, shown = traced(accel, "-n", "100", "hello")
    check(len(lines) == 101, f"{len(lines)} lines")
    found = re.search(r"trace: 100 events, (\d+) lost", shown)
    check(found and int(found[1]) > 0, "none is counted")
