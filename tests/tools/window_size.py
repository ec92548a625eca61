# SPDX-License-Identifier: MIT
"""The size of the user's window, on its way to the guest."""
import os
import sys
from unittest import mock

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from runner.session import Terminal                      # noqa: E402

SIZES = [os.terminal_size((80, 24)), os.terminal_size((132, 50)), os.terminal_size((0, 0))]


class User(Terminal):
    """The window changes once when its size has been looked at; SIGWINCH comes then."""

    def __init__(self):
        super().__init__(echo=False)
        self.input, self.shown, self.told = 0, True, []
        self.window, self.next = SIZES[0], [SIZES[1]]
        self.send = self.told.append

    def look(self, _):
        seen = self.window
        if self.next:
            self.window = self.next.pop()
            self.tell_size()
        return seen


def told(user):
    with mock.patch("os.get_terminal_size", user.look):
        user.tell_size()
    return user.told


def case(sentence, holds, why=""):
    print(f"ok {sentence}" if holds else f"FAIL {sentence}: {why}")
    return holds


user = User()
sizes = list(told(user))
fine = case("the size that is told last is the window's", sizes[-1] == b"\xff[8;50;132t", sizes)
fine &= case("a size is told once", told(user) == sizes, user.told)
user.window = SIZES[2]
fine &= case("a window without a size is not told", told(user) == sizes, user.told)
raise SystemExit(not fine)
