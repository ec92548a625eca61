# SPDX-License-Identifier: MIT
"""A trace as text: one event a line."""
from . import definitions
from .reader import text_of

NEVER = (1 << 64) - 1


def signed(value):
    return value - (1 << 64) if value >> 63 else value


class Words:
    """Writes an event's two words as what the list of events says they are."""

    def __init__(self, trace):
        self.trace = trace
        self.events = definitions.events()
        self.syscalls = definitions.syscalls()
        self.errors = definitions.errors()

    def event_name(self, record):
        event = self.events.get(record.type)
        return event.name if event else f"event{record.type}"

    def syscall(self, value):
        return self.syscalls.get(value, f"call{value}")

    def result(self, value):
        number = signed(value)
        return self.errors.get(-number, str(number)) if number < 0 else str(number)

    def word(self, kind, value):
        if kind.endswith("_pid"):
            return self.trace.name(value) if value else "none"
        if kind == "syscall":
            return self.syscall(value)
        if kind == "result":
            return self.result(value)
        if kind == "deadline":
            return "never" if value == NEVER else f"{value}ns"
        if kind in ("address", "argument", "wanted"):
            return hex(value)
        return str(value)

    def arguments(self, record):
        """{what: written}, in order."""
        event = self.events.get(record.type)
        if not event:
            return {"a": hex(record.a), "b": hex(record.b)}
        if event.a == "text":
            return {"text": text_of(record)}
        return {kind: self.word(kind, value)
                for kind, value in ((event.a, record.a), (event.b, record.b))
                if kind != "_"}


def summary(trace):
    parts = [f"{len(trace.records)} events"]
    for count, what in ((trace.lost, "lost"), (trace.dropped, "refused by the kernel"),
                        (trace.broken, "lines unreadable")):
        if count:
            parts.append(f"{count} {what}")
    if trace.status is None:
        parts.append("the end is missing")
    return ", ".join(parts)


def lines(trace):
    words = Words(trace)
    yield f"# {summary(trace)}; time in microseconds"
    for record in trace.records:
        who = trace.name(record.pid) if record.pid else "idle"
        said = " ".join(f"{kind}={text}" for kind, text in words.arguments(record).items())
        yield (f"{trace.microseconds(record.tsc):14.3f}  vcpu {record.vcpu:<2} {who:<18} "
               f"{words.event_name(record):<14} {said}".rstrip())
