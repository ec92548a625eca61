# SPDX-License-Identifier: MIT
"""The trace decoder: what it reads, what it writes, what it survives."""
import base64
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from tracing import chrome, definitions, reader, text, write   # noqa: E402

CASES = []
TYPES = {event.name: number for number, event in definitions.events().items()}
CALLS = {name: number for number, name in definitions.syscalls().items()}
MINUS = 1 << 64


def case(sentence):
    def add(function):
        CASES.append((sentence, function))
        return function
    return add


def event(tsc, pid, name, a=0, b=0, vcpu=1):
    return reader.EVENT.pack(tsc, pid, TYPES.get(name, name), vcpu, a, b)


def log(*events, lines=(), end=True, began=1000, hz=10**9):
    """What the app prints for these events."""
    out = [f"[trace] begin 1 2 {hz} {began}", "[trace] process 1 proc", *lines]
    for at in range(0, len(events), 21):
        data = base64.b64encode(b"".join(events[at:at + 21])).decode()
        out.append(f"[trace] events {data}")
    if end:
        out.append(f"[trace] end {len(events)} 0 0 0")
    return "\n".join(["fos: 8 vCPUs", *out, ""]).encode()


def decode(*events, **more):
    return reader.read(log(*events, **more))


def slices(trace):
    return [e for e in chrome.document(trace)["traceEvents"] if e["ph"] == "X"]


def named(trace, name):
    found = [e for e in chrome.document(trace)["traceEvents"] if e["name"] == name]
    assert found, f"nothing is called {name}"
    return found[0]


def text_lines(trace):
    return list(text.lines(trace))[1:]


# ---- definitions ----

@case("the lists of events, system calls and errors are read whole")
def lists():
    for file, macro, table in (("trace.def", "TRACE", definitions.events()),
                               ("syscalls.def", "SYSCALL", definitions.syscalls()),
                               ("errors.def", "ERROR", definitions.errors())):
        with open(os.path.join(definitions.ABI, file)) as source:
            rows = sum(line.startswith(macro + "(") for line in source)
        assert rows == len(table), f"{file}: {len(table)} of {rows}"


@case("every event is below 64, and libfos's are from 32 on")
def numbers():
    assert all(number < 64 for number in TYPES.values())
    assert TYPES["syscall_enter"] < 32 <= TYPES["send"]
    assert TYPES["name"] == reader.NAME_EVENT


# ---- reading ----

@case("events come out in order of time, those of one moment in the order they came")
def order():
    trace = decode(event(3000, 5, "mark", 1), event(2000, 5, "mark", 2),
                   event(2000, 5, "mark", 3))
    assert [r.a for r in trace.records] == [2, 3, 1]
    assert trace.status == 0 and trace.lost == 0 and trace.broken == 0


@case("the last trace of a log counts")
def last():
    trace = reader.read(log(event(1, 1, "mark", 1)) + log(event(2, 1, "mark", 2)))
    assert [r.a for r in trace.records] == [2]


@case("carriage returns and what others wrote do not matter")
def others():
    data = log(event(1, 1, "mark"), event(2, 1, "mark")).replace(b"\n", b"\r\n")
    trace = reader.read(data.replace(b"[trace] events", b"$ [trace] events"))
    assert len(trace.records) == 2 and trace.broken == 0


@case("lines that were lost are missed")
def missing():
    events = [event(i, 1, "mark", i) for i in range(63)]
    lines = log(*events).split(b"\n")
    cut = [i for i, line in enumerate(lines) if b"events" in line][1]
    trace = reader.read(b"\n".join(lines[:cut] + lines[cut + 1:]))
    assert len(trace.records) == 42 and trace.lost == 21


@case("a damaged line costs its own events only")
def damaged():
    events = [event(i, 1, "mark", i) for i in range(42)]
    data = log(*events).replace(b"[trace] events ", b"[trace] events !", 1)
    trace = reader.read(data)
    assert len(trace.records) == 21 and trace.broken == 1


@case("a trace without an end says so")
def endless():
    trace = decode(event(1, 1, "mark"), end=False)
    assert trace.status is None and "end is missing" in text.summary(trace)


@case("raw events need no lines")
def raw():
    trace = reader.read(event(500, 7, "mark", 1) + event(700, 7, "mark", 2), 10**8)
    assert [trace.microseconds(r.tsc) for r in trace.records] == [0.0, 2.0]
    assert reader.read(event(1, 1, "mark") + b"xyz").broken == 1


@case("a process is called what its name event says, or the list of processes")
def names():
    word = int.from_bytes(b"hello\x1b"[:6], "little")
    trace = decode(event(1, 9, "name", word), lines=["[trace] process 4 echo"])
    assert (trace.name(9), trace.name(4), trace.name(1)) == ("9/hello?", "4/echo",
                                                             "1/proc")
    assert trace.name(77) == "77"


@case("noise is survived")
def noise():
    random.seed(2026)
    for _ in range(300):
        data = bytearray(log(*(event(random.randrange(5000), random.randrange(3),
                                     random.randrange(64), random.getrandbits(64),
                                     random.getrandbits(64), random.randrange(3))
                               for _ in range(30))))
        for _ in range(random.randrange(20)):
            data[random.randrange(40, len(data))] = random.randrange(256)
        try:
            trace = reader.read(bytes(data))
        except SystemExit:          # another version
            continue
        write.write_text(trace, io.StringIO())
        write.write_json(trace, io.StringIO())


# ---- text ----

@case("a line says when, where, who and what")
def line():
    word = int.from_bytes(b"hello", "little")
    trace = decode(event(1000, 4, "name", word), event(3500, 4, "syscall_enter",
                                                       CALLS["mailbox_send"], 0x14))
    assert text_lines(trace)[1].split() == [
        "2.500", "vcpu", "1", "4/hello", "syscall_enter", "syscall=mailbox_send",
        "argument=0x14"]


@case("results are numbers or names of errors")
def results():
    trace = decode(event(1, 4, "syscall_exit", CALLS["null"], 7),
                   event(2, 4, "syscall_exit", CALLS["wait"], MINUS - 116),
                   event(3, 4, "syscall_exit", 999, MINUS - 999))
    assert [x.split("result=")[1] for x in text_lines(trace)] == ["7", "ETIMEDOUT",
                                                                  "-999"]
    assert "syscall=call999" in text_lines(trace)[2]


@case("events and deadlines are written as what they mean")
def meanings():
    trace = decode(event(1, 4, "block", MINUS - 1), event(2, 4, "switch", 0),
                   event(3, 0, "switch", 1), event(4, 4, 63, 16, 17))
    got = text_lines(trace)
    assert "deadline=never" in got[0] and "to_pid=none" in got[1]
    assert "idle" in got[2] and "to_pid=1/proc" in got[2]
    assert "event63" in got[3] and "a=0x10 b=0x11" in got[3]


# ---- JSON ----

@case("a system call is a slice as long as it took, with its result")
def syscall_slice():
    trace = decode(event(2000, 4, "syscall_enter", CALLS["null"]),
                   event(5000, 4, "syscall_exit", CALLS["null"], 0))
    found, = slices(trace)
    assert (found["name"], found["ts"], found["dur"]) == ("null", 1.0, 3.0)
    assert (found["pid"], found["tid"], found["args"]["result"]) == (4, 1, "0")


@case("a wait that slept ends when its process runs again")
def wait_slice():
    trace = decode(event(2000, 4, "syscall_enter", CALLS["wait"]),
                   event(2100, 4, "block", MINUS - 1), event(2200, 4, "switch", 0),
                   event(9000, 0, "switch", 4),
                   event(9500, 4, "syscall_enter", CALLS["null"]),
                   event(9600, 4, "syscall_exit", CALLS["null"]))
    wait = named(trace, "wait")
    assert (wait["ts"], wait["dur"]) == (1.0, 7.0)
    assert abs(named(trace, "null")["dur"] - 0.1) < 1e-9


@case("a vCPU's track shows who ran, and until when")
def running():
    trace = decode(event(2000, 0, "switch", 4), event(3000, 4, "switch", 1),
                   event(6000, 1, "switch", 0))
    ran = [(s["name"], s["ts"], s["dur"], s["tid"]) for s in slices(trace)
           if s["pid"] == chrome.MACHINE]
    assert ran == [("4", 1.0, 1.0, 1), ("1/proc", 2.0, 3.0, 1)]


@case("calls under way may overlap; each end finds its beginning")
def calls():
    trace = decode(event(1, 4, "call_begin", 2, 100), event(2, 4, "call_begin", 3, 101),
                   event(3, 4, "call_end", 100, 0), event(4, 4, "call_end", 101, 0),
                   event(5, 4, "call_end", 555, 0))
    got = [(e["ph"], e["name"], e["id"]) for e in
           chrome.document(trace)["traceEvents"] if e.get("cat") == "call"]
    assert got == [("b", "call 2", "4.100"), ("b", "call 3", "4.101"),
                   ("e", "call 2", "4.100"), ("e", "call 3", "4.101")]


@case("ends without beginnings are instants, beginnings without ends last to the end")
def halves():
    trace = decode(event(1000, 4, "syscall_exit", CALLS["null"]),
                   event(2000, 4, "syscall_enter", CALLS["exit"]),
                   event(4000, 5, "mark"))
    assert named(trace, "syscall_enter ended")["ph"] == "i"
    assert named(trace, "exit")["dur"] == 2.0


def check_document(document):
    """What a viewer needs: fields, no time before another's end on one track."""
    stacks = {}
    for e in document["traceEvents"]:
        assert e["ph"] in "MXibe" and isinstance(e["pid"], int), e
        if e["ph"] == "M":
            continue
        assert isinstance(e["tid"], int) and isinstance(e["ts"], float), e
        if e["ph"] != "X":
            continue
        assert e["dur"] >= 0
        stack = stacks.setdefault((e["pid"], e["tid"]), [])
        while stack and stack[-1] <= e["ts"] + 1e-9:
            stack.pop()
        end = e["ts"] + e["dur"]
        assert not stack or end <= stack[-1] + 1e-6, f"{e} is not nested"
        stack.append(end)


def random_life(seed):
    """Events of two processes on two vCPUs as a kernel might record them."""
    random.seed(seed)
    events, tsc = [], 1000
    for _ in range(400):
        tsc += random.randrange(1, 50)
        vcpu = random.randrange(2)
        name = random.choice(sorted(TYPES))
        events.append(event(tsc, 4 + vcpu, name, random.randrange(8), random.randrange(8),
                            vcpu))
    return events


@case("whatever the order of events, slices nest and the JSON is sound")
def nesting():
    for seed in range(50):
        document = chrome.document(decode(*random_life(seed)))
        check_document(json.loads(json.dumps(document)))


# ---- the program ----

@case("tools/trace-decode writes text and JSON, and fails on an empty log")
def program():
    tool = os.path.join(ROOT, "tools", "trace-decode")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "log")
        with open(path, "wb") as file:
            file.write(log(event(1, 4, "mark", 1, 2)))
        done = subprocess.run([tool, path], capture_output=True, text=True, check=True)
        assert "mark" in done.stdout and "1 events" in done.stderr
        out = os.path.join(folder, "out.json")
        subprocess.run([tool, "--json", "-o", out, path], capture_output=True, check=True)
        with open(out) as file:
            check_document(json.load(file))
        empty = subprocess.run([tool, "-"], input=b"", capture_output=True)
        assert empty.returncode == 1


def main():
    failed = 0
    for sentence, function in CASES:
        try:
            function()
            print(f"ok {sentence}")
        except Exception:
            failed += 1
            print(f"FAIL {sentence}: {traceback.format_exc(limit=-2).strip()}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
