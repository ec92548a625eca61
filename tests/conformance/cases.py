# SPDX-License-Identifier: MIT
"""Programs to run on fos, their input and what became of them (cases.c is the other side).

run() puts all cases into an archive and boots it.  A machine that stops answering, or a
program that stops it, costs the case it was at; the others get another boot.
"""
import concurrent.futures
import dataclasses
import os
import re
import select
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, "build")
PROGRAM = "cases"
BOOT_SECONDS = 7200      # that all cases of one boot may take
SPARE_SECONDS = 120      # that a boot, or removing what a case left, may take


@dataclasses.dataclass
class Case:
    name: str
    args: list = dataclasses.field(default_factory=list)
    env: dict = dataclasses.field(default_factory=dict)
    stdin: bytes = None
    files: list = dataclasses.field(default_factory=list)    # (kind, mode, path, bytes)
    folder: str = ""                                         # "": an empty one
    limit: int = 20                                          # seconds; 0: only its files


@dataclasses.dataclass
class Outcome:
    status: int = -1         # as wait() has it; -1: none
    why: str = ""            # "", or: late, unstarted, machine
    out: bytes = b""
    err: bytes = b""


def record(kind, data=b"", mode=0, path="."):
    if isinstance(data, str):
        data = data.encode()
    return b"%s %d %o %s\n%s\n" % (kind.encode(), len(data), mode, path.encode("latin-1"), data)


def encode(case):
    parts = [record("case", case.name)]
    if case.folder:
        parts.append(record("in", case.folder))
    parts += [record(kind, data, mode, path) for kind, mode, path, data in case.files]
    if case.stdin is not None:
        parts.append(record("stdin", case.stdin))
    parts += [record("arg", arg) for arg in case.args]
    parts += [record("env", f"{name}={value}") for name, value in case.env.items()]
    if case.limit:
        parts.append(record("run", str(case.limit)))
    return b"".join(parts)


def compile_program(compiler, target):
    subprocess.run([*compiler, "-D_GNU_SOURCE", "-s", "-o", target,
                    os.path.join(HERE, "cases.c")], check=True)


def archive(folder, cases):
    boot = os.path.join(folder, "boot")
    subprocess.run(["rm", "-rf", boot], check=True)
    subprocess.run(["cp", "-aT", os.path.join(BUILD, "archive/boot"), boot], check=True)
    compile_program([os.path.join(ROOT, "tools/fos-cc")], os.path.join(boot, PROGRAM))
    with open(os.path.join(boot, "all.cases"), "wb") as file:
        file.write(b"".join(map(encode, cases)))
    subprocess.run([os.path.join(ROOT, "tools/archive"), boot + ".cpio", boot], check=True)
    return boot + ".cpio"


# One processor: where others use the machine, two wait for each other for a time slice.
def command_for(folder, cases, memory):
    environment = dict(os.environ, FOS_ARCHIVE=archive(folder, cases))
    words = ["--quick", "--cpus", "1", "--memory", str(memory), "--timeout", str(BOOT_SECONDS)]
    return [os.path.join(ROOT, "tools/run"), *words, "--app",
            f"{PROGRAM} /boot/all.cases"], environment


def command_here(folder, cases):
    """The same on this machine, to know what is not fos's doing."""
    program, path = os.path.join(folder, "here"), os.path.join(folder, "here.cases")
    compile_program(["gcc", "-O1", "-w"], program)
    with open(path, "wb") as file:
        file.write(b"".join(map(encode, cases)))
    return [program, path], dict(os.environ)


def lines_of(command, environment, patience):
    """The lines of what it prints, until it ends or is silent for longer than patience()."""
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = b""
    deadline = time.monotonic() + patience()
    try:
        while select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
            more = os.read(process.stdout.fileno(), 1 << 16)
            if not more:
                break
            *lines, text = (text + more).split(b"\n")
            for line in lines:
                yield line.rstrip(b"\r").decode("latin-1")
            deadline = time.monotonic() + patience()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def unescape(text):
    return re.sub(rb"\\([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text.encode("latin-1"))


def status_of(words):
    kind, number = words[0], int(words[1]) if len(words) > 1 else 0
    if kind == "exit":
        return number << 8, ""
    return (number, "") if kind == "signal" else (-1, kind)


class Reader:
    """Takes the lines of one boot."""

    def __init__(self, limits):
        self.limits, self.at, self.outcomes, self.done = limits, "", {}, False
        self.last = []

    def patience(self):
        return SPARE_SECONDS + self.limits.get(self.at, 0)

    def line(self, text):
        if match := re.match(r"CASE (.*)$", text):
            self.at = match[1]
            self.outcomes[self.at] = Outcome(why="machine")
        elif match := re.match(r"ENDED (.*) (exit \d+|signal \d+|late|unstarted)$", text):
            outcome = self.outcomes[match[1]]
            outcome.status, outcome.why = status_of(match[2].split())
        elif match := re.match(r"([12]) (.*)$", text):
            outcome = self.outcomes.get(self.at, Outcome())
            if match[1] == "1":
                outcome.out += unescape(match[2])
            else:
                outcome.err += unescape(match[2])
        elif text == "CASES done":
            self.done = True
        else:
            self.last = (self.last + [text])[-12:]


def say(text):
    print(text, file=sys.stderr, flush=True)


def explain(reader):
    say(f"the machine ended at {reader.at or 'its start'}:")
    for line in reader.last:
        say(f"    {line}")


def run_part(cases, folder, memory, here, always):
    os.makedirs(folder, exist_ok=True)
    outcomes, left = {}, list(cases)
    while left:
        todo = list(always) + left
        command, environment = (command_here(folder, todo) if here
                                else command_for(folder, todo, memory))
        reader = Reader({case.name: case.limit for case in todo})
        with open(os.path.join(folder, "log"), "a" if outcomes else "w") as log:
            for line in lines_of(command, environment, reader.patience):
                print(line, file=log, flush=True)
                reader.line(line)
        if not reader.done:
            explain(reader)
        if not reader.outcomes:
            sys.exit("conformance: nothing ran")
        outcomes.update(reader.outcomes)
        left = [case for case in left if case.name not in outcomes]
    return outcomes


def known(logs, also_late=False):
    """The outcomes in the logs of earlier runs, of cases that came to their ends there.

    also_late: and of those that were ended at their deadlines, and never came to their ends.
    """
    outcomes = {}
    for path in logs:
        reader = Reader({})
        with open(path, encoding="latin-1", newline="\n") as file:
            for line in file:
                reader.line(line.rstrip("\n"))
        outcomes.update({name: outcome for name, outcome in reader.outcomes.items()
                         if not outcome.why or
                         (also_late and outcome.why == "late" and name not in outcomes)})
    return outcomes


def run(cases, folder, memory=256, here=False, always=(), boots=1, logs=()):
    """Runs the cases, those of `always` before the first of each boot; their outcomes.

    Each of `boots` machines, which run at the same time, has a part of the cases.  What
    the logs of earlier runs tell is taken from there.
    """
    outcomes = known(logs)
    cases = [case for case in cases if case.name not in outcomes]
    if not cases:
        return outcomes
    boots = 1 if here else max(1, min(boots, len(cases)))
    with concurrent.futures.ThreadPoolExecutor(boots) as pool:
        for part in pool.map(lambda n: run_part(cases[n::boots], os.path.join(folder, str(n)),
                                                memory, here, always), range(boots)):
            outcomes.update(part)
    return outcomes
