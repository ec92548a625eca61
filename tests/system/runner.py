# SPDX-License-Identifier: MIT
"""tools/run, tools/setup and make as their users meet them."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from runner.paths import ROOT
from system_tests import case, check
from terminal import RUN, Terminal, ends_with, machines, start

SECONDS = 120


def run(accel, *arguments, **settings):
    process, word = start(accel, *arguments, **settings)
    try:
        process.output, process.messages = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    check(not machines(word), "QEMU was left behind")
    return process


def start_staying(accel):
    process, word = start(accel, "--timeout", "60", "test-act", "stay")
    shown = ""
    while "staying" not in shown:
        piece = process.stdout.readline()      # ends at the deadline at the latest
        if not piece:
            check(False, f"the guest did not start: {shown}{process.stderr.read()}")
        shown += piece
    check(len(machines(word)) == 1, "its QEMU cannot be found")
    return process, word


@case("tools/run --quick ends with the application's exit status")
def exit_status(accel):
    done = run(accel, "test-act", "exit", "7")
    check(done.returncode == 7, f"status {done.returncode}\n{done.output}")


@case("tools/run hides the line with the status, even after an unfinished line")
def partial_line(accel):
    done = run(accel, "test-act", "partial")
    check(done.returncode == 3, f"status {done.returncode}\n{done.output}")
    check("no line end" in done.output, f"the output is missing: {done.output}")
    check("[fos " not in done.output, f"the line shows: {done.output}")


@case("an application that does not exist ends with 127")
def not_found(accel):
    done = run(accel, "no-such-application")
    check(done.returncode == 127, f"status {done.returncode}\n{done.output}")
    check("no-such-application" in done.output, "it is not named")


@case("--json saves the results; an application cannot fake its exit status")
def results(accel):
    with tempfile.NamedTemporaryFile() as file:
        done = run(accel, "--json", file.name, "test-act", "results")
        saved = [result["name"] for result in json.load(file)]
    check(done.returncode == 0, f"status {done.returncode}\n{done.output}")
    check(saved == ["one", "two"], f"saved {saved}")
    check("between" in done.output and "[json]" not in done.output, done.output)


@case("results that nobody asked for are kept under build/bench, one file to a run")
def results_kept(accel):
    folder = os.path.join(ROOT, "build/bench")
    before = set(os.listdir(folder)) if os.path.isdir(folder) else set()
    run(accel, "test-act", "results")
    run(accel, "test-act", "exit", "0")
    new = sorted(set(os.listdir(folder)) - before)
    check(len(new) == 1 and re.fullmatch(r"guest-\d{8}-\d{6}\.json", new[0]), f"new: {new}")
    path = os.path.join(folder, new[0])
    with open(path) as file:
        saved = [result["name"] for result in json.load(file)]
    os.remove(path)
    check(saved == ["one", "two"], f"saved {saved}")


@case("arguments reach the application as they were given")
def arguments(accel):
    given, seen = r"a,b=$c;'d e'\f&|*", r"a,b=$c;d e\f&|*"
    done = run(accel, "--app", f"test-act {given}")
    check(f"what is `{seen}`?" in done.output, done.output)


@case("without a terminal nothing waits for input")
def no_terminal(accel):
    reader, writer = os.pipe()
    try:
        done = run(accel, "test-act", "exit", "5", stdin=reader)
    finally:
        os.close(reader)
        os.close(writer)
    check(done.returncode == 5, f"status {done.returncode}")


@case("a deadline ends the run with 124 and leaves no QEMU")
def deadline(accel):
    begin = time.monotonic()
    done = run(accel, "--timeout", "6", "test-act", "stay")
    check(done.returncode == 124, f"status {done.returncode}")
    check(time.monotonic() - begin < 20, "it took much longer than the deadline")


@case("Ctrl-C ends the run with 130 and leaves no QEMU")
def interrupted(accel):
    process, word = start_staying(accel)
    process.send_signal(signal.SIGINT)
    status = ends_with(process, word)
    check(status == 130, f"status {status}")


@case("a killed runner takes its QEMU along")
def killed(accel):
    process, word = start_staying(accel)
    process.kill()
    ends_with(process, word)


@case("too much memory, and what cannot be passed on, is refused with a reason")
def refused(accel):
    done = run(accel, "--memory", "100000000", "test-act", "exit", "0")
    check(done.returncode == 125 and "memory" in done.messages, done.messages)
    done = run(accel, "--memory", "15", "test-act", "exit", "0")
    check(done.returncode == 125 and "32 MiB" in done.messages, done.messages)
    done = run(accel, "--app", 'say "hello"')
    check(done.returncode == 125 and '"' in done.messages, done.messages)


@case("gdb stops at the kernel's entry and at a function by name, with its source line")
def gdb_batch(_):
    commands = ["hbreak kernel_main", "continue", "bt 1"]
    done = subprocess.run(
        [RUN, *(word for line in commands for word in ("--gdb-batch", line))],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=SECONDS)
    check(done.returncode == 0, f"status {done.returncode}\n{done.stdout}")
    check("Breakpoint 1, 0xffffffff8" in done.stdout, done.stdout)
    check(re.search(r"Breakpoint 2, kernel_main .* at kernel/.*\.c:\d+", done.stdout,
                    re.S), done.stdout)


@case("keys typed at a terminal reach the application, Ctrl-] there ends the run")
def terminal(accel):
    with Terminal(accel, "test-act", "read") as user:
        user.wait_for("type")
        user.type("some words\r")
        user.wait_for("got <some words>")
        user.type("\x1d")
        check(user.status() == 130, f"status {user.status()}\n{user.output}")


@case("gdb waits for a QEMU that is slow to start, and says why there is none")
def gdb_waits(_):
    real = shutil.which("qemu-system-x86_64")
    for line, status, words in ((f'sleep 4; exec {real} "$@"', 0, "Breakpoint 1, 0x"),
                                ("echo no such luck >&2; exit 1", 125, "no such luck")):
        with tempfile.TemporaryDirectory() as folder:
            fake = os.path.join(folder, os.path.basename(real))
            with open(os.open(fake, os.O_CREAT | os.O_WRONLY, 0o755), "w") as file:
                file.write(f"#!/bin/sh\n{line}\n")
            done = subprocess.run(
                [RUN, "--gdb-batch", "info registers rip"], text=True, timeout=SECONDS,
                env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT)
        check(done.returncode == status, f"status {done.returncode}\n{done.stdout}")
        check(words in done.stdout, done.stdout)


@case("Ctrl-C, or Ctrl-], before the guest is there ends the run and leaves no QEMU")
def early_end(accel):
    for key in ("\x03", "\x1d"):
        with Terminal(accel, "test-act", "stay", way="--xl") as user:
            user.wait_for("Xen up", SECONDS)
            check(len(machines(user.word)) == 1, "its QEMU cannot be found")
            user.type(f"some words\r{key}")
            user.wait_for("fos: interrupted", SECONDS)
            check("vCPUs" not in user.output, "the guest came first")
            check(user.status() == 130, f"status {user.status()}\n{user.output}")
            check(user.cooked(), "the terminal is left raw")


@case("what is typed before the guest is there reaches it")
def typed_early(accel):
    with Terminal(accel, "test-act", "read", way="--xl") as user:
        user.wait_for("Xen up", SECONDS)
        user.type("some words\r")
        user.wait_for("got <some words>", 3 * SECONDS)
        user.type("\x1d")
        user.wait_for("fos: interrupted", SECONDS)
        check(user.status() == 130, f"status {user.status()}\n{user.output}")


@case("tools/setup, run again, costs under two seconds")
def setup_again(_):
    begin = time.monotonic()
    done = subprocess.run([os.path.join(ROOT, "tools/setup")], stdout=subprocess.PIPE,
                          text=True)
    check(done.returncode == 0, done.stdout)
    check(time.monotonic() - begin < 2, f"took {time.monotonic() - begin:.1f} s")


@case("make with nothing to do takes under a second")
def make_again(_):
    times = []
    for _ in range(3):
        begin = time.monotonic()
        done = subprocess.run(["make", "-s"], cwd=ROOT, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              env={**os.environ, "MAKEFLAGS": "", "MAKELEVEL": ""})
        times.append(time.monotonic() - begin)
        check(done.returncode == 0, done.stdout)
    check(min(times) < 1, f"took {min(times):.1f} s")
