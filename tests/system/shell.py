# SPDX-License-Identifier: MIT
"""The shell that a run without a program ends in, as somebody at the terminal meets it."""
import os
import re
import time

from system_tests import CaseFailed, case, check, skip
from terminal import PROMPT, Terminal, ends_with, machines, need_shell, read, start

MOST_SECONDS = 1         # of running, not on a clock: on a quiet machine 0.4
BOOTS = 5                # of which this many are to be on a quiet machine, to say no
QUIET_BOOTS = 2
END = "</ps>"            # not as it is typed


def shell(accel):
    need_shell()
    return Terminal(accel)


def ran_seconds(user):
    """That the processes have run since the kernel's start, by its own account: TIME of
    `ps -a`.  Their waits are not in it."""
    begin = user.seen
    user.type("ps -a; echo '</'ps'>'\r")
    user.wait_for(END)
    found = re.findall(r"^ *\d+ +\d+ +\d+ +\d+ [RSTZ] +\d+ +(\d+\.\d\d) +\d+  (\S+)",
                       user.output[begin:user.seen], re.M)
    check({"proc", "fs", "console", "sh"} <= {name for _, name in found},
          f"not in the list of processes: {user.output}")
    return sum(float(seconds) for seconds, _ in found)


def kept_waiting(machine):
    """Seconds for which a process's threads were ready and had no processor, and those that
    the host's own hypervisor took from it."""
    waits = [read(f"/proc/{machine}/task/{thread}/schedstat").split()
             for thread in os.listdir(f"/proc/{machine}/task")]
    stolen = read("/proc/stat").split(b"\n")[0].split()[8]
    return (sum(int(wait[1]) for wait in waits if wait) / 1e9
            + int(stolen) / os.sysconf("SC_CLK_TCK"))


def boot(accel):
    """(what its processes ran for to the prompt, whether the host was quiet)."""
    with shell(accel) as user:
        user.wait_for("vCPUs")
        machine, = machines(user.word)
        begin, waited = time.monotonic(), kept_waiting(machine)
        user.wait_for(PROMPT)
        ran = ran_seconds(user)
        took, waited = time.monotonic() - begin, kept_waiting(machine) - waited
        user.type("exit 7\r")
        check(user.status() == 7, f"status {user.status()}\n{user.output}")
    print(f"# to the prompt: processes ran {ran:.2f} s; with a look at that "
          f"{took:.1f} s, ready without a processor {waited:.2f} s")
    return ran, waited < took / 4


@case(f"a shell's prompt is there after {MOST_SECONDS} s of the guest's own running time, "
      "on a host that does nothing else; exit powers off with its status")
def prompt(accel):
    slow = []
    for _ in range(BOOTS):
        ran, quiet = boot(accel)
        if ran < MOST_SECONDS:
            return
        slow += [ran] if quiet else []
        check(len(slow) < QUIET_BOOTS, f"processes ran {slow} s to the prompt")
    skip(f"the host had no time for {BOOTS} boots")


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


def press_until(user, key, text):
    """The key may come before the program has the terminal; then it is for nobody."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        user.type(key)
        try:
            user.wait_for(text, 2)
        except CaseFailed:
            continue
        user.type("\x15")               # what of it the shell's line got
        return
    check(False, f"no `{text}`:\n{user.output}")


@case("Ctrl-Z stops sleep too, which mksh has built in; kill ends it")
def stop_sleep(accel):
    with shell(accel) as user:
        user.wait_for(PROMPT)
        user.type("echo \"now <$((6*7))>\"; sleep 1000\r")
        user.wait_for("now <42>")
        press_until(user, "\x1a", "Stopped")
        user.wait_for(PROMPT)
        user.type("jobs\r")
        user.wait_for("Stopped")
        user.wait_for("sleep 1000")
        user.type("kill %1; wait %1; echo status=$?\r")
        user.wait_for("\nstatus=143")
        user.type("exit 0\r")
        check(user.status() == 0, f"status {user.status()}\n{user.output}")


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
