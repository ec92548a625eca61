# SPDX-License-Identifier: MIT
"""One guest under xl: started, watched on its console, its end explained."""
import re

from .console import Console
from .session import STATUS_BROKEN, STATUS_CRASHED, new_tag

REASONS = {0: "poweroff", 1: "reboot", 2: "suspend", 3: "crash", 4: "watchdog"}
DRAIN_SECONDS = 2.0      # for what is still on its way when the guest has ended


def pinning(options):
    """The vCPUs in turn over the processors: two that poll each other would sometimes
    share one otherwise."""
    return "cpus=" + str([str(i % options.pcpus) for i in range(options.vcpus)])


class Guest:
    """Created by `xl create -F` in `dom0`; `settings` are lines for the configuration."""

    def __init__(self, dom0, options, show=lambda data: None, settings=(),
                 raw=False):
        self.dom0 = dom0
        tag = new_tag()
        self.console = Console(tag, show, raw=raw)
        dom0.on_console = self.console.feed
        self.number = dom0.create(options.command_line(tag), f"vcpus={options.vcpus}",
                                  f"memory={options.memory}", pinning(options), *settings)

    def running(self):
        return self.number not in self.dom0.statuses and not self.dom0.ended

    def wait_end(self, seconds):
        """Whether it ended within `seconds`."""
        ended = self.dom0.wait(lambda: not self.running(), seconds)
        if ended:
            self.dom0.wait(lambda: self.console.status is not None, DRAIN_SECONDS)
        return ended

    def wait_output(self, pattern, seconds, times=1):
        """Whether the console showed `pattern` so many times within `seconds`."""
        def shown():
            return len(re.findall(pattern, self.console.output())) >= times
        return self.dom0.wait(lambda: shown() or not self.running(), seconds) and shown()

    def xl_said(self):
        return self.dom0.answers[self.number]

    def ends(self):
        """Why it ended each time, from what `xl create -F` said."""
        codes = re.findall(r"has shut down, reason code (\d+)", "\n".join(self.xl_said()))
        return [REASONS.get(int(code), f"reason {code}") for code in codes]

    def status(self):
        """What a run that this guest was ends with."""
        reason = (self.ends() or [None])[-1]
        if reason == "poweroff" and self.console.status is not None:
            return self.console.status
        return STATUS_CRASHED if reason == "crash" else STATUS_BROKEN
