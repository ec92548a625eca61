# SPDX-License-Identifier: MIT
"""From what the app `trace` printed, or raw events, to a Trace.

The lines are described in apps/trace/dump.c; struct fos_trace_event in abi/trace.h.  Bytes
that make no sense are counted and left out: a console may lose some.
"""
import base64
import binascii
import dataclasses
import struct

EVENT = struct.Struct("<QIHHQQ")
VERSION = 1
MARK = b"[trace] "
NAME_EVENT = 32


@dataclasses.dataclass(frozen=True)
class Record:
    tsc: int
    pid: int
    type: int
    vcpu: int
    a: int
    b: int


@dataclasses.dataclass
class Trace:
    tsc_hz: int = 10**9
    vcpus: int = 0
    began: int = 0           # time stamp at which tracing was switched on
    records: list = dataclasses.field(default_factory=list)      # in order of time
    names: dict = dataclasses.field(default_factory=dict)        # of processes
    lost: int = 0            # overwritten before they were read
    dropped: int = 0         # of processes, refused by the kernel
    status: int = None       # of the program; None: the trace does not end
    broken: int = 0          # lines that could not be read

    def microseconds(self, tsc):
        return (tsc - self.began) * 1e6 / self.tsc_hz

    def name(self, pid):
        return f"{pid}/{self.names[pid]}" if pid in self.names else f"{pid}"


def unpack(data):
    return [Record(*fields) for fields in EVENT.iter_unpack(data)]


def take_begin(trace, words):
    version, trace.vcpus, trace.tsc_hz, trace.began = map(int, words)
    if version != VERSION:
        raise SystemExit(f"trace-decode: this trace has version {version}, not {VERSION}")
    if trace.tsc_hz <= 0:
        raise ValueError("a clock that stands still")


def take_line(trace, line):
    kind, *words = line.split()
    if kind == b"begin":
        take_begin(trace, words)
    elif kind == b"process":
        trace.names[int(words[0])] = words[1].decode()
    elif kind == b"events":
        trace.records += unpack(base64.b64decode(words[0], validate=True))
    elif kind == b"end":
        count, trace.lost, trace.dropped, trace.status = map(int, words)
        missing = count - len(trace.records)
        trace.lost += max(missing, 0)
    else:
        raise ValueError(f"unknown line {kind!r}")


def read_log(data):
    """The last trace of a console log."""
    trace = Trace()
    for line in data.replace(b"\r", b"").split(b"\n"):
        at = line.find(MARK)
        if at < 0:
            continue
        line = line[at + len(MARK):]
        if line.startswith(b"begin "):
            trace = Trace()
        try:
            take_line(trace, line)
        except (ValueError, IndexError, binascii.Error, struct.error):
            trace.broken += 1
    return trace


def read_raw(data, tsc_hz):
    whole = len(data) // EVENT.size * EVENT.size
    trace = Trace(tsc_hz=tsc_hz, records=unpack(data[:whole]), broken=whole != len(data))
    trace.began = min((record.tsc for record in trace.records), default=0)
    return trace


def text_of(record):
    """The 16 characters of a `name` event."""
    text = struct.pack("<QQ", record.a, record.b).split(b"\0")[0]
    return "".join(chr(c) if 32 < c < 127 else "?" for c in text)


def read(data, tsc_hz=10**9):
    trace = read_log(data) if MARK + b"begin " in data else read_raw(data, tsc_hz)
    trace.records.sort(key=lambda record: record.tsc)       # stable
    for record in trace.records:
        trace.vcpus = max(trace.vcpus, record.vcpu + 1)
        if record.type == NAME_EVENT and text_of(record):
            trace.names[record.pid] = text_of(record)
    return trace
