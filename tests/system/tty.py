# SPDX-License-Identifier: MIT
"""The terminal of the guest as somebody who sits at it meets it."""
from system_tests import case, check
from terminal import Terminal


@case("lines are edited: erase of UTF-8, word erase, kill, arrows and lines from before")
def editing(accel):
    with Terminal(accel, "test-tty", "lines") as user:
        user.wait_for("type lines")
        user.type("hellé中\x7f\x7fo\r")
        user.wait_for("got <hello>")
        user.type("gone\x15two wrong\x17words\r")
        user.wait_for("got <two words>")
        user.type("\x1b[A\x1b[A\x1b[C\x1b[D\x7f!\r")
        user.wait_for("got <hel!o>")
        user.type("end\r")
        check(user.status() == 0, f"status {user.status()}\n{user.output}")


@case("Ctrl-D ends the input")
def end_of_file(accel):
    with Terminal(accel, "test-tty", "lines") as user:
        user.wait_for("type lines")
        user.type("half\x04more\r\x04")
        user.wait_for("got <halfmore>")
        user.wait_for("end of file")
        check(user.status() == 3, f"status {user.status()}")


@case("a raw program gets every key but Ctrl-], at once, and leaves the terminal as it was")
def raw_keys(accel):
    with Terminal(accel, "test-tty", "keys") as user:
        user.wait_for("type keys")
        for typed, shown in (("a", "61"), ("\x03", "03"), ("\x1a", "1a"), ("\r", "0d"),
                             ("\x04", "04"), ("\x1b", "1b"), ("\x13", "13"), ("(", "28"),
                             ("[", "5b"), ("\x7f", "7f")):
            user.type(typed)
            user.wait_for(f"key {shown}")
        user.type("q")
        user.wait_for("cooked again")
        check(user.status() == 0, f"status {user.status()}\n{user.output}")


@case("the guest knows the size of the window, and each new one")
def window(accel):
    with Terminal(accel, "test-tty", "size", size=(33, 101)) as user:
        user.wait_for("size 33x101")
        user.resize(50, 132)
        user.wait_for("new size 50x132")
        user.type("q\r")
        check(user.status() == 0, f"status {user.status()}\n{user.output}")


@case("the guest's output keeps its carriage returns, so that a raw terminal shows it right")
def returns(accel):
    with Terminal(accel, "test-tty", "lines") as user:
        user.wait_for("type lines\r\n")
        user.type("end\r")
        user.wait_for("got <end>\r\n")
        check("\r\r" not in user.output and "\v" not in user.output, repr(user.output))


@case("a handler ends reads and polls of the terminal, cooked or raw; SA_RESTART: they go on")
def waits(accel):
    with Terminal(accel, "test-tty", "waits") as user:
        for what in ("cooked read", "poll", "raw read", "raw poll"):
            user.wait_for(f"{what} was interrupted")
        user.wait_for("type a line")
        user.wait_for("alarms came")
        user.type("hi\r")
        check(user.status() == 0, f"status {user.status()}\n{user.output}")


@case("Ctrl-C ends a program that writes without end, and so the machine, soon")
def flood(accel):
    with Terminal(accel, "test-tty", "flood") as user:
        user.wait_for("0000000100")
        user.type("\x03")
        check(user.status() == 130, f"status {user.status()}")
