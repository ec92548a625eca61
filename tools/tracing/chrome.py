# SPDX-License-Identifier: MIT
"""A trace as JSON for ui.perfetto.dev and chrome://tracing.

Process 0 stands for the machine, with a track to each vCPU that shows who runs there.
Every process has a track to each vCPU it has a thread on: system calls, sleeps and
requests served are slices, which nest; calls under way are asynchronous slices; all else
are instants.  Format: "Trace Event Format", google/catapult.
"""
from .text import Words, summary

MACHINE = 0
OPENING = {"syscall_enter": "syscall_exit", "sleep_begin": "sleep_end",
           "serve_begin": "serve_end"}
CLOSING = {end: begin for begin, end in OPENING.items()}


class Builder:
    def __init__(self, trace):
        self.trace = trace
        self.words = Words(trace)
        self.events = []
        self.open = {}        # (pid, vcpu): slices begun there: [kind, name, ts, args]
        self.running = {}     # vcpu: (pid, ts)
        self.calls = {}       # (pid, id): (name, vcpu)
        self.tracks = set()
        self.last = 0.0

    def emit(self, phase, name, pid, vcpu, ts, **more):
        self.tracks.add((pid, vcpu))
        self.events.append({"ph": phase, "name": name, "pid": pid, "tid": vcpu,
                            "ts": ts, **more})

    # ---- slices of a process ----

    def begin(self, kind, record, ts, name, args):
        self.open.setdefault((record.pid, record.vcpu), []).append([kind, name, ts, args])

    def finish(self, key, ts, args=None):
        _, name, began, first = self.open[key].pop()
        self.emit("X", name, *key, began, dur=ts - began, args={**first, **(args or {})})

    def end(self, kind, record, ts, args):
        """Ends the innermost slice of that kind, and those inside it, whose ends are
        missing; an end without a beginning is an instant."""
        key = (record.pid, record.vcpu)
        stack = self.open.get(key, [])
        if not any(slice_[0] == kind for slice_ in stack):
            self.emit("i", kind + " ended", *key, ts, s="t", args=args)
            return
        while stack[-1][0] != kind:
            self.finish(key, ts)
        self.finish(key, ts, args)

    def back_from_wait(self, key, ts):
        """A process that runs again has left the wait call it slept in."""
        stack = self.open.get(key, [])
        if stack and stack[-1][3].get("slept"):
            self.finish(key, ts)

    # ---- events ----

    def take_switch(self, record, ts, args):
        vcpu = record.vcpu
        self.run_end(vcpu, ts)
        if record.a:
            self.running[vcpu] = (record.a, ts)
            self.back_from_wait((record.a, vcpu), ts)

    def run_end(self, vcpu, ts):
        pid, began = self.running.pop(vcpu, (0, 0))
        if pid:
            self.emit("X", self.trace.name(pid), MACHINE, vcpu, began, dur=ts - began)

    def take_block(self, record, ts, args):
        stack = self.open.get((record.pid, record.vcpu))
        if stack:
            stack[-1][3].update(slept="yes", **args)

    def take_call_begin(self, record, ts, args):
        name = f"call {args['op']}"
        self.calls[record.pid, record.b] = name
        self.emit("b", name, record.pid, record.vcpu, ts, cat="call",
                  id=f"{record.pid}.{record.b}", args=args)

    def take_call_end(self, record, ts, args):
        name = self.calls.pop((record.pid, record.a), None)
        if name:
            self.emit("e", name, record.pid, record.vcpu, ts, cat="call",
                      id=f"{record.pid}.{record.a}", args=args)

    def slice_name(self, name, record, args):
        if name == "syscall_enter":
            return self.words.syscall(record.a)
        return "sleep" if name == "sleep_begin" else f"serve {args['op']}"

    def take(self, record):
        ts = self.last = self.trace.microseconds(record.tsc)
        name, args = self.words.event_name(record), self.words.arguments(record)
        special = getattr(self, "take_" + name, None)
        if special:
            special(record, ts, args)
        elif name in OPENING:
            self.begin(name, record, ts, self.slice_name(name, record, args), args)
        elif name in CLOSING:
            self.end(CLOSING[name], record, ts, args)
        else:
            self.emit("i", name, record.pid, record.vcpu, ts, s="t", args=args)

    # ---- all of it ----

    def close_all(self):
        for key, stack in self.open.items():
            while stack:
                self.finish(key, self.last)
        for vcpu in list(self.running):
            self.run_end(vcpu, self.last)

    def metadata(self):
        for pid in sorted({pid for pid, _ in self.tracks}):
            name = self.trace.name(pid) if pid else "vCPUs"
            yield {"ph": "M", "name": "process_name", "pid": pid, "args": {"name": name}}
            yield {"ph": "M", "name": "process_sort_index", "pid": pid,
                   "args": {"sort_index": pid}}
        for pid, vcpu in sorted(self.tracks):
            yield {"ph": "M", "name": "thread_name", "pid": pid, "tid": vcpu,
                   "args": {"name": f"vCPU {vcpu}"}}


def document(trace):
    builder = Builder(trace)
    for record in trace.records:
        builder.take(record)
    builder.close_all()
    events = sorted(builder.events, key=lambda e: (e["ts"], -e.get("dur", 0)))
    return {"traceEvents": [*builder.metadata(), *events], "displayTimeUnit": "ns",
            "otherData": {"system": "fos", "summary": summary(trace)}}
