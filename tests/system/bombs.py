# SPDX-License-Identifier: MIT
"""Programs that take all there is, started from the shell: it answers while they run, ends
them, and afterwards everything is there again."""
import re

from system_tests import case, check
from terminal import PATIENCE, PROMPT, Shell


class Bombed(Shell):
    def left_nothing(self, program):
        self.run(f"while ps | grep -v grep | grep -q {program}; do sleep 1; done; "
                 "echo none $((1+1))", "none 2")
        self.answers()
        self.type("exit 4\r")
        status = self.user.status(PATIENCE)
        check(status == 4, f"status {status}\n{self.user.output}")
        bad = re.search(r"not given back.*|proc: .*(has|have) ended.*|mem: pid.*|"
                        r"proc: .*cannot become.*", self.user.output)
        check(not bad, f"{bad and bad[0]}\n{self.user.output}")


def in_background(accel, kind):
    with Bombed(accel) as shell:
        shell.type(f"test-bombs {kind} &\r")
        shell.wait_for("no more")
        shell.answers()
        shell.run("kill -9 %1; wait; echo killed $((2+3))", "killed 5")
        shell.left_nothing("test-bombs")


def in_front(accel, kind):
    with Bombed(accel) as shell:
        shell.type(f"test-bombs {kind}\r")
        shell.wait_for("no more")
        shell.type("\x03")
        shell.wait_for(PROMPT)
        shell.run("echo status=$?", "status=130")
        shell.left_nothing("test-bombs")


@case("beside a fork bomb the shell runs commands, and kills it")
def forks(accel):
    in_background(accel, "forks")


@case("Ctrl-C ends a fork bomb, every process of it")
def forks_interrupted(accel):
    in_front(accel, "forks")


@case("beside a program that has all memory the shell runs commands, and kills it")
def memory(accel):
    in_background(accel, "memory")


@case("Ctrl-C ends a program that has all memory")
def memory_interrupted(accel):
    in_front(accel, "memory")


@case("beside three programs that have all memory the shell runs pipelines, and kills them")
def memory_of_three(accel):
    with Bombed(accel) as shell:
        shell.type("test-bombs memory & test-bombs memory &\r")
        shell.wait_for("no more")
        shell.wait_for("no more")
        shell.type("test-bombs memory &\r")
        shell.answers()
        shell.answers()
        shell.run("seq 3 | sort -r | tail -n 1 | sed s/^/sorted-/", "sorted-1")
        shell.run("kill -9 %1 %2 %3; wait; echo killed $((2+3))", "killed 5")
        shell.left_nothing("test-bombs")


@case("a pipeline that the shell cannot fork all of does not cost it the terminal")
def half_a_pipeline(accel):
    with Bombed(accel) as shell:
        shell.type("ulimit -p 2\r")
        shell.type("uname | sed s/^/command-/\r")
        shell.wait_for("can't fork")     # mksh tries again for half a minute
        shell.run("echo builtin $((6*7))", "builtin 42")
        shell.run("uname -sm", "fos x86")
        shell.type("exit 4\r")
        status = shell.user.status(PATIENCE)
        check(status == 4, f"status {status}\n{shell.user.output}")


@case("beside a crowd that has all descriptors the shell runs commands, and kills it")
def descriptors(accel):
    in_background(accel, "descriptors")


@case("Ctrl-C ends a crowd that has all descriptors")
def descriptors_interrupted(accel):
    in_front(accel, "descriptors")
