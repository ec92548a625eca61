# SPDX-License-Identifier: MIT
"""The records of one run, as the benchmark programs printed them, and how to ask for
them.  A record is a figure of libfos/include/fos/bench.h in JSON, plus `source`: which
program of which machine said it."""
import json

# The best placement that was seen stands for the host.
PLACEMENTS = ["processors that share a cache", "processors far apart",
              "hardware threads of one core"]
HOST, GUEST, LINUX = "host", "fos guest", "Linux guest"


class Results:
    def __init__(self, run):
        self.run = run
        self.records = run["records"]
        self.missing = run.get("missing", [])    # {"what", "why"}: what failed

    @classmethod
    def load(cls, path):
        with open(path) as file:
            return cls(json.load(file))

    def select(self, source, suite=None, name=None):
        return [record for record in self.records if record["source"] == source
                and suite in (None, record.get("suite"))
                and name in (None, record["name"])]

    def guest(self, suite, name):
        return self.first(self.select(GUEST, suite, name))

    def linux(self, name):
        return self.first(self.select(LINUX, None, name))

    def host(self, name):
        """The host's figure at the best placement that has one; of that name, or whose
        name begins so."""
        found = self.select(HOST, "host", name) or [
            r for r in self.select(HOST, "host") if r["name"].startswith(name)]
        return self.first(sorted(found, key=placement_rank))

    @staticmethod
    def first(records):
        return records[0] if records else None

    def curve(self, suite, name, field="median", source=GUEST):
        """[(x, value)] in the order of x."""
        return sorted((record.get("x", 0), record[field])
                      for record in self.select(source, suite, name))

    def names(self, suite, source=GUEST):
        """The curves of a suite, in the order in which they were measured."""
        return list(dict.fromkeys(r["name"] for r in self.select(source, suite)))


def placement_rank(record):
    where = record.get("where")
    return PLACEMENTS.index(where) if where in PLACEMENTS else len(PLACEMENTS)


def nanoseconds(record, field="median"):
    return record[field] / record["tsc_mhz"] * 1000


def ratio(record):
    return record.get("ratio_to_minimal") if record else None
