# SPDX-License-Identifier: MIT
"""The shell that a run without a program ends in, as somebody at the terminal meets it."""
import re
import time

from system_tests import case, check
from terminal import PROMPT, Terminal, cpu_seconds, ends_with, machines, need_shell, start

MOST_SECONDS = 10        # on a quiet machine it takes one


def shell(accel):
    need_shell()
    return Terminal(accel)


@case(f"a shell's prompt is there soon after the kernel: {MOST_SECONDS} s of processors, "
      "however busy they are; exit powers off with its status")
def prompt(accel):
    with shell(accel) as user:
        user.wait_for("fos: ")
        user.wait_for("vCPUs")
        machine, = machines(user.word)
        begin, used = time.monotonic(), cpu_seconds(machine)
        user.wait_for(PROMPT)
        took, used = time.monotonic() - begin, cpu_seconds(machine) - used
        user.type("exit 7\r")
        check(user.status() == 7, f"status {user.status()}\n{user.output}")
    print(f"# from the kernel's first line to the prompt: {took:.1f} s, of processors {used:.1f} s")
    check(used < MOST_SECONDS, f"{used:.1f} s of processors to the prompt")


@case("Ctrl-C ends the program in front, not the shell; its status is 130")
def interrupt(accel):
    with shell(accel) as user:
        user.wait_for(PROMPT)
        user.type("test-tty lines\r")
        user.wait_for("type lines")
        user.type("a line\r")
        user.wait_for("got <a line>")
        user.type("\x03")
        user.type("echo status=$?\r")
        user.wait_for("status=130")
        user.type("exit 0\r")
        check(user.status() == 0, f"status {user.status()}\n{user.output}")


@case("Ctrl-Z stops it, the shell has the terminal; fg gives it back")
def stop(accel):
    with shell(accel) as user:
        user.wait_for(PROMPT)
        user.type("test-tty lines\r")
        user.wait_for("type lines")
        user.type("\x1a")
        user.wait_for("Stopped")
        user.type("echo the shell reads\r")
        user.wait_for("\nthe shell reads")
        user.type("fg\r")
        user.wait_for("test-tty lines")
        user.type("mine\r")
        user.wait_for("got <mine>")
        user.type("end\r")
        user.type("exit 3\r")
        check(user.status() == 3, f"status {user.status()}\n{user.output}")


def jobs_until(user, state):
    """Asks the shell about its jobs until it has told of one in a state, a pattern."""
    end = time.monotonic() + 30
    while not re.search(state, user.output) and time.monotonic() < end:
        user.type("jobs; echo \"looked <$((6*7))>\"\r")
        user.wait_for("looked <42>")
    check(re.search(state, user.output), f"no job was {state}\n{user.output}")


@case("a program in the background that reads is stopped, and reads when it is in front")
def background(accel):
    with shell(accel) as user:
        user.wait_for(PROMPT)
        user.type("test-tty lines &\r")
        user.wait_for("type lines")
        user.type("\recho \"not <$((6*7))> got\"\r")
        user.wait_for("not <42> got")
        jobs_until(user, "Stopped")
        user.wait_for(PROMPT)
        user.type("fg\r")
        user.wait_for("test-tty lines")
        user.type("now\r")
        user.wait_for("got <now>")
        user.type("end\rexit 0\r")
        check(user.status() == 0, f"status {user.status()}\n{user.output}")


@case("a program in the background that reads and is stopped ends when a signal tells it to")
def background_end(accel):
    with shell(accel) as user:
        user.wait_for(PROMPT)
        user.type("cat &\r")
        jobs_until(user, "Stopped")
        user.type("kill %1; kill -CONT %1\r")
        jobs_until(user, "Done|Terminated")
        user.type("jobs; echo \"left <$(jobs)>\"; exit 0\r")
        user.wait_for("left <>")
        check(user.status() == 0, f"status {user.status()}\n{user.output}")


@case("without a terminal the shell ends at once, with status 0")
def no_terminal(accel):
    need_shell()
    process, word = start(accel)
    begin = time.monotonic()
    process.communicate(timeout=60)
    status = ends_with(process, word)
    check(status == 0, f"status {status}")
    check(time.monotonic() - begin < 30, "it waited for somebody")
