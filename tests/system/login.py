# SPDX-License-Identifier: MIT
"""The login shell when a fleet's member is killed: with its own member of mem it ends, and
another is on the terminal, with what the first one had there."""
import re

from system_tests import case, check
from terminal import PATIENCE, PROMPT, Shell

MEMBERS = "set -- $(ps -a | grep ' mem$' | while read pid rest; do echo $pid; done)"
PROMPT_LINE = "fos:/" + PROMPT
LOST = "proc: the login shell has lost its memory and ended; starting another"


class Login(Shell):
    def __init__(self, accel, *arguments):
        super().__init__(accel, "--extra", "mortal", *arguments)

    def kill_own(self):
        """The first shell is with the first member."""
        self.type(f"{MEMBERS}; kill -9 $1\r")
        self.wait_for(LOST)
        self.wait_for(PROMPT)

    def has_the_terminal(self):
        self.answers()
        self.type("test-tty lines\r")
        self.wait_for("type lines")
        self.type("\x1a")
        self.wait_for("Stopped")
        self.wait_for(PROMPT)
        self.type("fg\r")
        self.wait_for("test-tty lines")
        self.type("mine\r")
        self.wait_for("got <mine>")
        self.type("\x03")
        self.wait_for(PROMPT)
        self.run("echo status=$?", "status=130")

    def leave(self):
        """Everything is given back."""
        self.type("exit 4\r")
        status = self.user.status(PATIENCE)
        check(status == 4, f"status {status}\n{self.user.output}")
        bad = re.search(r"not given back.*|proc: cannot .*", self.user.output)
        check(not bad, f"{bad and bad[0]}\n{self.user.output}")


@case("the shell's member of mem is killed: another shell has the terminal, a job of the "
      "other member's goes on to its end")
def killed(accel):
    with Login(accel) as shell:
        shell.type("sh -c 'until [ -e /tmp/go ]; do :; done; echo job $((6*7)) >/tmp/done' &\r")
        shell.wait_for(PROMPT)
        shell.kill_own()
        shell.has_the_terminal()
        shell.run(">/tmp/go; until [ -s /tmp/done ]; do sleep 1; done; cat /tmp/done",
                  "job 42")
        shell.leave()


@case("each member of mem is killed twice: there is always a shell that runs commands")
def each(accel):
    with Login(accel) as shell:
        for member in (1, 2, 1, 2):
            shell.type(f"{MEMBERS}; kill -9 ${member}; echo killed $((2+3))\r")
            shell.wait_for("starting another")
            shell.wait_for(PROMPT)
            shell.answers()
        shell.has_the_terminal()
        check(LOST in shell.user.output, shell.user.output)
        shell.leave()


@case("mem's only member is killed seven times: the next shell waits for the next member")
def only(accel):
    with Login(accel, "--extra", "mortal mem=1") as shell:
        for _ in range(7):
            shell.kill_own()
            shell.answers()
        shell.leave()


@case("a shell in the shell has left the terminal raw and does not keep it from the next one")
def nested(accel):
    with Login(accel) as shell:
        shell.type("sh\r")
        shell.wait_for("# ")
        shell.type(f"stty -echo -icanon; {MEMBERS}; kill -9 $1\r")
        shell.wait_for(LOST)
        shell.wait_for(PROMPT)
        shell.run("stty | grep -c -e -echo -e -icanon", "0")
        shell.has_the_terminal()
        shell.leave()


@case("the console, the filesystem, members of page and name are killed: the shell stays")
def others(accel):
    with Login(accel) as shell:
        for fleet in ("name", "page", "fs", "console", "console"):
            shell.type(f"kill -9 $(ps -a | grep ' {fleet}$' | head -n 1 | "
                       "(read pid rest; echo $pid))\r")
            shell.wait_for("starting another")
            shell.run("", PROMPT_LINE)       # the last prompt may be lost with the console
            shell.answers()
        shell.has_the_terminal()
        check(LOST not in shell.user.output, shell.user.output)
        shell.leave()
