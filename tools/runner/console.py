# SPDX-License-Identifier: MIT
"""Takes a guest's console apart: what the user sees, and what is meant for us.

Meant for us: `[fos TAG] exit N` (the application's status; TAG is this run's secret, so
the application cannot write it), lines beginning `[json] ` (results for a file) or
`[trace] ` (for tools/trace-decode), and `(XEN) ...` (the hypervisor, where it shares the serial line with the guest).  The first
and the last may follow an unfinished line.  Everything else is shown at once.
"""
import re

LINE_MARKS = (b"[json] ", b"[trace] ")     # at the beginning of a line only


class Console:
    """`raw`: what is shown keeps its carriage returns, for a terminal that adds none.
    What may become a mark is held back; release() shows it, should it be a prompt: not
    what has become one, nor anything before the guest's first line, which is no prompt."""

    def __init__(self, tag, show, xen_shares_line=False, raw=False):
        self.show = show
        self.raw = raw
        self.status = None
        self.json = []
        self.trace = []
        self.xen = []
        self.text = []
        self.exit_mark = f"[fos {tag}] exit ".encode()
        self.marks = [self.exit_mark] + ([b"(XEN) "] if xen_shares_line else [])
        self.line = b""      # what there is of the current line
        self.shown = 0       # how much of it has been shown
        self.held = 0        # where in it what may be a mark begins

    def feed(self, data):
        if not self.raw:
            data = data.replace(b"\r", b"")
        for piece in re.findall(rb"[^\n]*\n|[^\n]+", data):
            self.line += piece
            start = self.held = self.find_mark()
            self.show_until(start)
            if not self.line.endswith(b"\n"):
                continue
            if start < len(self.line):
                self.take(self.line[start:].decode(errors="replace").rstrip("\r\n"))
            # An unfinished line of the guest goes on after the hypervisor's.
            unfinished = 0 < start < len(self.line)
            self.line = self.line[:start] if unfinished else b""
            self.held = self.shown = len(self.line)

    def holds(self):
        return self.shown < len(self.line)

    def release(self):
        if self.text and not any(self.line.startswith(mark, self.held)
                                 for mark in [*self.marks, *LINE_MARKS]):
            self.show_until(len(self.line))

    def find_mark(self):
        """Where a mark, or what may become one, starts in the line; else its end."""
        if any(self.begins(0, mark) for mark in LINE_MARKS):
            return 0
        for at in range(min(self.shown, self.held), len(self.line)):
            if any(self.begins(at, mark) for mark in self.marks):
                return at
        return len(self.line)

    def begins(self, at, mark):
        return (self.line.startswith(mark, at)
                or mark.startswith(self.line[at:]) and at < len(self.line))

    def show_until(self, end):
        rest = self.line[self.shown:end]
        self.shown = max(self.shown, end)
        if rest:
            self.text.append(rest)
            self.show(rest)

    def take(self, line):
        exit_mark = self.exit_mark.decode()
        if line.startswith("(XEN) "):
            self.xen.append(line)
        elif line.startswith("[json] "):
            self.json.append(line[len("[json] "):])
        elif line.startswith("[trace] "):
            self.trace.append(line)
        elif line.startswith(exit_mark) and line[len(exit_mark):].isdigit():
            self.status = int(line[len(exit_mark):])

    def output(self):
        return b"".join(self.text).replace(b"\r\n", b"\n").decode(errors="replace")
