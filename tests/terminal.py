# SPDX-License-Identifier: MIT
"""tools/run as a process of its own, with a terminal or without."""
import codecs
import fcntl
import os
import secrets
import select
import struct
import subprocess
import termios
import time

from runner.paths import ROOT, in_root
from system_tests import check, skip

RUN = os.path.join(ROOT, "tools/run")
PROMPT = "$ "            # the login shell's
PATIENCE = 150           # seconds: of a loaded machine


def need_shell():
    if not os.path.lexists(in_root("build/archive/test/sh")):
        skip("there is no shell in the boot archive")


def start(accel, *arguments, way="--quick", **settings):
    """tools/run; its processes can be told from others by a word in their environment."""
    word = "FOS_TEST_MARK=" + secrets.token_hex(8)
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
             "stderr": subprocess.PIPE,
             "env": {**os.environ, **dict([word.split("=")])}}
    process = subprocess.Popen([RUN, way, "--accel", accel, *arguments], text=True,
                               **{**pipes, **settings})
    return process, word


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def machines(word):
    """Processes of QEMU whose environment has this word."""
    return [int(pid) for pid in filter(str.isdigit, os.listdir("/proc"))
            if read(f"/proc/{pid}/cmdline").startswith(b"qemu")
            and word.encode() in read(f"/proc/{pid}/environ").split(b"\0")]


def cpu_seconds(pid):
    """That a process has used of the processors, its guest's included."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


class Terminal:
    """tools/run with a terminal of its own, as if a user sat there."""

    def __init__(self, accel, *arguments, size=(24, 80), way="--quick"):
        self.output = ""
        self.seen = 0
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.ours, theirs = os.openpty()
        self.resize(*size)
        self.process, self.word = start(accel, *arguments, way=way, stdin=theirs,
                                        stdout=theirs, stderr=theirs,
                                        start_new_session=True,
                                        preexec_fn=take_terminal)
        os.close(theirs)

    def wait_for(self, text, seconds=120):
        """Until the guest has written it after what was waited for before."""
        end = time.monotonic() + seconds
        while text not in self.output[self.seen:]:
            ready = select.select([self.ours], [], [], max(0, end - time.monotonic()))[0]
            check(ready, f"no `{text}` in {seconds} s:\n{self.output}")
            self.output += self.decoder.decode(os.read(self.ours, 4096))
        self.seen = self.output.index(text, self.seen) + len(text)

    def type(self, text):
        os.write(self.ours, text.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def cooked(self):
        """Whether it edits lines and makes signals of keys, as a shell left it."""
        flags = termios.tcgetattr(self.ours)[3]
        return bool(flags & termios.ICANON and flags & termios.ISIG)

    def status(self, seconds=60):
        return ends_with(self.process, self.word, seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.ours)


class Shell:
    """The login shell, and somebody who types."""

    def __init__(self, accel, *arguments):
        need_shell()
        self.user = Terminal(accel, "--cpus", "1", *arguments)

    def __enter__(self):
        self.wait_for(PROMPT)
        return self

    def __exit__(self, *why):
        self.user.__exit__(*why)

    def wait_for(self, text):
        self.user.wait_for(text, PATIENCE)

    def type(self, text):
        self.user.type(text)

    def run(self, line, answer):
        """What is typed does not look like the answer."""
        self.type(line + "\r")
        self.wait_for("\n" + answer)

    def answers(self):
        self.run("echo builtin $((6*7))", "builtin 42")
        self.run("uname | sed s/^/command-/", "command-fos")


def take_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def ends_with(process, word, seconds=60):
    try:
        status = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        check(False, "it goes on")
    check(wait_until(lambda: not machines(word)), "QEMU was left behind")
    return status
