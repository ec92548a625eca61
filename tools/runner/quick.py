# SPDX-License-Identifier: MIT
"""Quick: fos straight on Xen, as its first domain.  No dom0, no xenstore, no back ends."""
import os
import re

from .console import Console
from .machine import Machine
from .paths import ARCHIVE, BUILD, KERNEL, need_files
from .session import (STATUS_BROKEN, STATUS_CRASHED, STATUS_TIMEOUT, Deadline, Result,
                      new_tag)

# What Xen says when its first domain ends, and when it ends itself.
ENDED = re.compile(r"\(XEN\) (?:Hardware )?Dom(?:ain |)0 "
                   r"(halted|crashed|shutdown|suspend)", re.I)
XEN_PANIC = re.compile(r"\(XEN\) Panic on CPU")
HIGH = 0x1d
HOLD_SECONDS = 0.05      # for the rest of what may be meant for us
GRACE = 5.0      # seconds from the application's status to the power-off


def xen_memory_mb(guest_mb):
    """What Xen itself needs: frame table and M2P (1.5 % of memory) and its heap."""
    return guest_mb + guest_mb // 40 + 192


def seven_bits(keys):
    """Keys as Xen's console passes them on to its first domain, which drops the eighth bit:
    fleets/console/terminal.c puts them together again."""
    return re.sub(rb"[\x80-\xff]", lambda found: bytes([HIGH, found[0][0] & 0x7f]), keys)


def open_machine(options, accel, tag):
    kernel, archive = options.kernel or KERNEL, options.archive or ARCHIVE
    need_files(kernel, archive)
    gdb = ["-gdb", f"unix:{options.gdb},server=on,wait=off", "-S"] if options.gdb else []
    memory = f"{options.memory}M"
    return Machine([f"{kernel} {options.command_line(tag)}", archive],
                   f"dom0_mem={memory},max:{memory} dom0_max_vcpus={options.vcpus} "
                   "dom0_vcpus_pin=1",      # else two that poll may share a processor
                   xen_memory_mb(options.memory), accel, options.pcpus, extra=gdb)


class QuickRun:
    def __init__(self, options, terminal, accel):
        self.options = options
        self.terminal = terminal
        self.tag = new_tag()
        self.console = Console(self.tag, terminal.show, xen_shares_line=True,
                               raw=terminal.input >= 0)
        self.seen = 0
        self.ended = None
        self.machine = open_machine(options, accel, self.tag)

    def step(self, seconds):
        """Move bytes for up to `seconds`; False when the machine has ended."""
        if self.console.holds():
            seconds = min(seconds, HOLD_SECONDS)
        silent = True
        for name, data in self.machine.poll(seconds):
            silent = False
            if name == "keys":
                self.send(self.terminal.keys(data))
            elif not data:
                return False
            else:
                self.log.write(data)
                self.console.feed(data)
        if silent and self.console.raw:
            self.console.release()
        self.read_xen()
        return self.ended is None

    def send(self, keys):
        self.machine.send("com1", seven_bits(keys))

    def read_xen(self):
        for line in self.console.xen[self.seen:]:
            if self.options.verbose:
                self.terminal.say(line)
            found = ENDED.search(line)
            if found:
                self.ended = found[1].lower()
            elif XEN_PANIC.search(line):
                self.ended = "panic"
        self.seen = len(self.console.xen)

    def __enter__(self):
        self.log = open(os.path.join(BUILD, "console.log"), "wb")
        return self

    def __exit__(self, *_):
        self.machine.stop()
        self.log.close()

    def steps(self, seconds):
        """Let it run for so long, or until it has ended."""
        deadline = Deadline(seconds)
        while not deadline.passed() and self.step(deadline.left(0.5)):
            pass

    def until(self, text, seconds):
        """Let it run until its console shows `text`, for at most so long."""
        deadline = Deadline(seconds)
        while text not in self.console.output() and not deadline.passed() \
                and self.step(deadline.left(0.5)):
            pass

    def run(self):
        deadline, grace = Deadline(self.options.timeout), None
        with self, self.terminal:
            self.terminal.send = self.send
            if self.terminal.input >= 0:
                self.machine.watch(self.terminal.input, "keys")
            while self.step(deadline.left(0.5)) and not deadline.passed():
                if self.console.text and not self.options.app:
                    self.terminal.tell_end()
                if self.console.status is not None:
                    grace = grace or Deadline(GRACE)
                    if grace.passed():
                        break
            self.terminal.end_line()
            return self.result(deadline)

    def result(self, deadline):
        status, reason = self.judge(deadline)
        complaint = self.machine.complaint()
        if reason == "broken" and complaint:
            self.terminal.say(complaint)
        return Result(status, reason, self.console.output(), self.console.xen,
                      self.console.json, deadline.elapsed(), self.console.trace)

    def judge(self, deadline):
        if self.ended == "crashed":
            return STATUS_CRASHED, "crash"
        # As the first domain fos resets the machine, since Xen cannot switch it off.
        if self.console.status is not None and self.ended in ("halted", "shutdown"):
            return self.console.status, "poweroff"
        if deadline.passed():
            return STATUS_TIMEOUT, "timeout"
        return STATUS_BROKEN, "broken"
