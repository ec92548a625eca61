# SPDX-License-Identifier: MIT
"""What both ways of booting share: a run's options, its result, the user's terminal."""
import dataclasses
import os
import secrets
import sys
import termios
import time

STATUS_TIMEOUT = 124     # the deadline passed
STATUS_BROKEN = 125      # the machine ended without the application's status
STATUS_CRASHED = 134     # the guest's kernel crashed
STATUS_INTERRUPTED = 130
VCPUS_MOST = 64
COMMAND_LINE_MOST = 1000     # bytes; Xen's limit is 1024 with what it adds


@dataclasses.dataclass
class Options:
    app: str = ""
    memory: int = 128        # MiB for fos
    vcpus: int = 8
    pcpus: int = 2           # processors of the emulated machine
    timeout: float = 0       # seconds; 0: none
    extra: str = ""          # more words for fos's command line
    accel: str = ""          # "tcg", "kvm", or "" to find out
    archive: str = ""        # another boot archive
    kernel: str = ""         # another kernel
    verbose: bool = False
    gdb: str = ""            # path of a socket for gdb: start frozen

    def command_line(self, tag):
        if not 1 <= self.vcpus <= VCPUS_MOST or self.memory < 1 or self.pcpus < 1:
            raise ValueError(f"fos takes 1 to {VCPUS_MOST} vCPUs and some memory")
        if '"' in self.app or "\n" in self.app:
            raise ValueError('an application\'s arguments cannot hold " or a line end')
        words = [f'app="{self.app}"'] if self.app else []
        line = " ".join(words + [f"tag={tag}"] + ([self.extra] if self.extra else []))
        if len(line.encode()) > COMMAND_LINE_MOST:
            raise ValueError(f"the command line has more than {COMMAND_LINE_MOST} bytes")
        return line


@dataclasses.dataclass
class Result:
    status: int
    reason: str              # "poweroff", "crash", "timeout", "broken"
    output: str              # the guest's console without what was meant for us
    xen: list                # the hypervisor's lines
    json: list
    seconds: float
    trace: list = dataclasses.field(default_factory=list)


def new_tag():
    return secrets.token_hex(8)


class Terminal:
    """The user's side: shows the guest's console, hands keys over when it is one.

    Ctrl-C stays with us (it ends the run); everything else reaches the guest as typed.
    """

    def __init__(self, echo=True):
        self.echo = echo
        self.saved = None
        self.out = sys.stdout.fileno() if echo else -1
        self.input = sys.stdin.fileno() if echo and sys.stdin.isatty() else -1
        self.newline = True

    def __enter__(self):
        if self.input >= 0:
            self.saved = termios.tcgetattr(self.input)
            mode = termios.tcgetattr(self.input)
            mode[3] &= ~(termios.ICANON | termios.ECHO)
            mode[0] &= ~(termios.ICRNL | termios.IXON)
            termios.tcsetattr(self.input, termios.TCSANOW, mode)
        return self

    def __exit__(self, *_):
        if self.saved:
            termios.tcsetattr(self.input, termios.TCSANOW, self.saved)

    def show(self, data):
        if self.echo:
            self.newline = data.endswith(b"\n")
            while data:
                data = data[os.write(self.out, data):]

    def say(self, text):
        """A line of our own, never in the middle of one of the guest's."""
        if self.echo:
            self.end_line()
            print(f"fos: {text}", file=sys.stderr, flush=True)

    def end_line(self):
        if not self.newline:
            self.show(b"\n")


class Deadline:
    def __init__(self, seconds):
        self.start = time.monotonic()
        self.seconds = seconds

    def elapsed(self):
        return time.monotonic() - self.start

    def left(self, most):
        """How long to wait for something, `most` at most; 0 when it passed."""
        if not self.seconds:
            return most
        return max(0.0, min(most, self.seconds - self.elapsed()))

    def passed(self):
        return bool(self.seconds) and self.elapsed() >= self.seconds
