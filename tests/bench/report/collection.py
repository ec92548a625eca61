# SPDX-License-Identifier: MIT
"""The records of what succeeded, and what did not: one part that fails takes no other with
it, and none is forgotten."""
from runner.paths import RunError


class Collection:
    def __init__(self, say):
        self.say = say           # a line for the terminal
        self.records = []
        self.missing = []        # {"what", "why"}

    def add(self, what, measure, *arguments):
        """The records that measure() makes, or made before it failed."""
        try:
            self.records += measure(*arguments)
        except (RunError, OSError, ValueError) as error:
            self.records += getattr(error, "records", [])
            self.miss(what, error)

    def miss(self, what, error):
        self.missing.append({"what": what, "why": str(error)})
        self.say(f"left out: {what}: {error}")
