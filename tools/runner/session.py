# SPDX-License-Identifier: MIT
"""What both ways of booting share: a run's options, its result, the user's terminal."""
import dataclasses
import os
import secrets
import signal
import sys
import termios
import time
import tty

STATUS_TIMEOUT = 124     # the deadline passed
STATUS_BROKEN = 125      # the machine ended without the application's status
STATUS_CRASHED = 134     # the guest's kernel crashed
STATUS_INTERRUPTED = 130
VCPUS_MOST = 64
MEMORY_LEAST = 16        # MiB; less does not hold the kernel, and Xen only says so to itself
COMMAND_LINE_MOST = 1000     # bytes; Xen's limit is 1024 with what it adds


@dataclasses.dataclass
class Options:
    app: str = ""
    memory: int = 128        # MiB for fos
    vcpus: int = 8
    pcpus: int = 2           # processors of the emulated machine
    timeout: float = 0       # seconds; 0: none
    term: str = ""           # kind of terminal, TERM
    extra: str = ""          # more words for fos's command line
    accel: str = ""          # "tcg", "kvm", or "" to find out
    archive: str = ""        # another boot archive
    kernel: str = ""         # another kernel
    verbose: bool = False
    gdb: str = ""            # path of a socket for gdb: start frozen

    def command_line(self, tag):
        if not 1 <= self.vcpus <= VCPUS_MOST or self.memory < MEMORY_LEAST or \
                self.pcpus < 1:
            raise ValueError(f"fos takes 1 to {VCPUS_MOST} vCPUs, and 32 MiB of memory or more")
        if '"' in self.app or "\n" in self.app:
            raise ValueError('an application\'s arguments cannot hold " or a line end')
        words = [f'app="{self.app}"'] if self.app else []
        if self.term:
            words.append(f"term={self.term}")
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


LEAVE = b"\x1d"             # Ctrl-]
INTERRUPT = b"\x03"         # Ctrl-C
END_OF_FILE = b"\x04"
END_AGAIN_SECONDS = 1.0


class Terminal:
    """The user's side: shows the guest's console, hands keys over when it is one.

    Until the guest has shown something Ctrl-C and Ctrl-] end the run, and other keys are
    kept for it.  From then on every key reaches it as typed, Ctrl-C too; only Ctrl-] ends
    the run.  It is told the window's size as terminals tell it, whenever that changes.
    """

    def __init__(self, echo=True):
        self.echo = echo
        self.saved = None
        self.out = sys.stdout.fileno() if echo else -1
        self.input = sys.stdin.fileno() if echo and sys.stdin.isatty() else -1
        self.newline = True
        self.size = None
        self.shown = False       # the guest has shown something
        self.early = b""         # what was typed before
        self.send = None         # bytes to the guest, once it has shown something
        self.ended_at = 0.0

    @property
    def raw(self):
        return self.saved is not None

    def __enter__(self):
        if self.input >= 0:
            self.saved = termios.tcgetattr(self.input)
            tty.setraw(self.input, termios.TCSANOW)
            signal.signal(signal.SIGWINCH, lambda *_: self.tell_size())
        return self

    def __exit__(self, *_):
        if self.saved:
            signal.signal(signal.SIGWINCH, signal.SIG_DFL)
            termios.tcsetattr(self.input, termios.TCSADRAIN, self.saved)
            self.saved = None

    def keys(self, data):
        """What of the typed keys is the guest's now."""
        if LEAVE in data or (INTERRUPT in data and not self.shown):
            raise KeyboardInterrupt
        if self.shown:
            return data
        self.early += data
        return b""

    def begin(self):
        """The guest is there: it gets what waited for it."""
        self.shown = True
        self.tell_size()
        if self.early:
            self.send(self.early)

    def tell_size(self):
        if self.input < 0 or not self.shown:
            return
        # Again: it may change meanwhile, and SIGWINCH come in here.
        while (size := os.get_terminal_size(self.input)) != self.size:
            self.size = size
            if size.lines and size.columns:
                self.send(b"\xff[8;%d;%dt" % (size.lines, size.columns))

    def tell_end(self):
        """Without a terminal a shell gets an end of the file, again until it ends."""
        if self.input < 0 and self.send and time.monotonic() >= self.ended_at:
            self.ended_at = time.monotonic() + END_AGAIN_SECONDS
            self.send(END_OF_FILE)

    def write(self, data):
        while data:
            data = data[os.write(self.out, data):]

    def show(self, data):
        if self.echo:
            self.newline = data.endswith(b"\n")
            self.write(data)
            if not self.shown:
                self.begin()

    def say(self, text):
        """A line of our own, never in the middle of one of the guest's."""
        if self.echo:
            self.end_line()
            end = "\r\n" if self.raw else "\n"
            print(f"fos: {text}", end=end, file=sys.stderr, flush=True)

    def end_line(self):
        if not self.newline:
            self.write(b"\r\n" if self.raw else b"\n")
            self.newline = True


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
