# SPDX-License-Identifier: MIT
"""Counts what the tests said and shows it: one line a program, every failure in full."""
import os
import re
import time

from runner.paths import BUILD

LINE = re.compile(r"^(ok|FAIL|SKIP) (.+)$", re.M)
TAIL_LINES = 25
COUNT = os.path.join(BUILD, "test.count")


class Report:
    def __init__(self, verbose=False):
        self.verbose = verbose
        self.passed = self.failed = self.skipped = 0
        self.start = time.monotonic()

    def say(self, text):
        elapsed = time.monotonic() - self.start
        print(f"[{int(elapsed) // 60:2}:{elapsed % 60:04.1f}] {text}", flush=True)

    def heading(self, text):
        self.say(f"== {text}")

    def ok(self, sentence):
        self.passed += 1
        if self.verbose:
            print(f"         ok {sentence}", flush=True)

    def fail(self, sentence):
        self.failed += 1
        print(f"         FAIL {sentence}", flush=True)

    def skip(self, sentence):
        self.skipped += 1
        print(f"         SKIP {sentence}", flush=True)

    def take_lines(self, output):
        """Count the case lines of a program; how many of each kind there were."""
        for kind, sentence in LINE.findall(output.replace("\r", "")):
            {"ok": self.ok, "FAIL": self.fail, "SKIP": self.skip}[kind](sentence)
        return len(LINE.findall(output.replace("\r", "")))

    def program(self, name, output, complaints, seconds):
        """A program that ran: its lines, and what was wrong with the run as such."""
        before = self.failed
        cases = self.take_lines(output)
        if cases == 0 and not complaints:
            complaints = ["printed no case"]
        for complaint in complaints:
            self.fail(f"{name}: {complaint}")
        bad = self.failed - before
        self.say(f"{name}: {cases} cases{f', {bad} FAILED' if bad else ''} "
                 f"({seconds:.1f} s)")
        if bad:
            self.tail(output)

    def tail(self, output):
        lines = output.rstrip().splitlines()[-TAIL_LINES:]
        print("".join(f"         | {line}\n" for line in lines), end="", flush=True)

    def finish(self):
        self.say(f"took {time.monotonic() - self.start:.0f} s")
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        count = f"{self.passed} passed, {self.failed} failed{skipped}"
        with open(COUNT, "w") as file:
            file.write(count + "\n")
        print(count, flush=True)
        return 1 if self.failed or not self.passed else 0
