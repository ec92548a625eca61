# SPDX-License-Identifier: MIT
"""The real thing: fos started by `xl create` in a dom0."""
import os

from .dom0 import POLL_SECONDS, Dom0
from .guest import Guest
from .paths import BUILD
from .quick import HOLD_SECONDS
from .session import STATUS_TIMEOUT, Deadline, Result


class XlRun:
    def __init__(self, options, terminal, accel):
        options.command_line("")      # refuses before anything is booted
        self.options = options
        self.terminal = terminal
        self.xen = []
        self.partial = b""
        self.dom0 = Dom0(options.memory, accel, options.pcpus, on_log=self.take_log,
                         kernel=options.kernel, archive=options.archive,
                         say=terminal.say)
        self.deadline = Deadline(options.timeout)

    def take_log(self, data):
        self.log.write(data)
        *lines, self.partial = (self.partial + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").strip()
            if self.options.verbose:
                self.terminal.say(text)
            if not self.xen:
                self.progress("Xen up")
            self.xen.append(text)

    def progress(self, what):
        self.terminal.say(f"{what} ({self.deadline.elapsed():.1f} s)")

    def show(self, data):
        self.console_log.write(data)
        self.terminal.show(data)

    def connect(self, console):
        """The user's keys to the guest; without a user, the end of them."""
        machine, terminal = self.dom0.machine, self.terminal

        def turn(silent):
            if silent and console.raw:
                console.release()
            if console.text and not self.options.app:
                terminal.tell_end()
            return HOLD_SECONDS if console.holds() else POLL_SECONDS

        self.dom0.on_turn = turn
        terminal.send = lambda data: machine.send("console", data)
        if terminal.input >= 0 or not self.options.app:
            self.dom0.send("keys fos")

    def run(self):
        with self.dom0, self.terminal, \
             open(os.path.join(BUILD, "console.log"), "wb") as self.console_log, \
             open(os.path.join(BUILD, "dom0.log"), "wb") as self.log:
            self.dom0.on_keys = self.terminal.keys
            if self.terminal.input >= 0:
                self.dom0.machine.watch(self.terminal.input, "keys")
            self.dom0.wait_ready()
            self.progress("dom0 up")
            guest = Guest(self.dom0, self.options, self.show,
                          raw=self.terminal.input >= 0)
            self.progress("xl create")
            self.connect(guest.console)
            while not guest.wait_end(self.deadline.left(3600.0)):
                if self.deadline.passed():
                    break
            self.terminal.end_line()
            return self.result(guest)

    def result(self, guest):
        reason = (guest.ends() or [None])[-1]
        status = guest.status()
        if guest.running():
            reason, status = "timeout", STATUS_TIMEOUT
        elif reason is None:
            for line in guest.xl_said() + [self.dom0.machine.complaint()]:
                self.terminal.say(line)
        self.terminal.say(f"the guest ended: {reason or 'xl create failed'}")
        return Result(status, reason or "broken", guest.console.output(), self.xen,
                      guest.console.json, self.deadline.elapsed(), guest.console.trace)
