# SPDX-License-Identifier: MIT
"""The inputs that fuzzing starts from: one sound example, at least, of each message."""
from struct import pack

REPLY = (8, 9)              # a mailbox that takes answers; ids 4n + 1 are gone, 4n + 2 full
APP, CONSOLE, STORE = pack("<QQ", 1000, 1), pack("<QQ", 1004, 2), pack("<QQ", 1008, 3)
ANY_VCPU = 0xffffffff
CANCEL = 255


def request(op, body=b"", version=1, call=77, reply=REPLY):
    return pack("<QQQ", op | version << 8 | call << 16, *reply) + body


def records(*messages):
    return b"".join(pack("<H", len(message)) + message for message in messages)


COMMON = [request(240), request(241), request(242, pack("<QQ", 900, 900)), request(250),
          request(CANCEL), request(1, version=2), request(0), request(239), b"short"]


# ---- console ----

STREAM = pack("<Q", 42)
# Ticket, group, session, flags: the ticket is filled in by the target.
LEADER = bytes(16) + pack("<QQII", 7, 7, 0, 0)
JOB = bytes(16) + pack("<QQII", 9, 7, 0, 0)


def to_console(*messages):
    return records(*(b"\x01" + message for message in messages))


def to_terminal(*messages):
    return records(*(b"\x05" + message for message in messages))


def keys(text):
    return records(b"\x02" + text)


def keys_with(iflag, oflag, lflag, text):
    return records(b"\x0a" + pack("<III", iflag, oflag, lflag) + text)


def termios(iflag, oflag, lflag, least=1, time=0):
    return pack("<IIII", iflag, oflag, 0, lflag) + bytes([3, 28, 127, 21, 4, time, least]) + \
        bytes(13) + pack("<II", 0, 0)


CONSOLE_SEEDS = [
    to_console(request(1, STREAM + b"hello\n", reply=(0, 0)), request(1, STREAM + b"half")),
    to_console(request(2, STREAM)) + keys(b"a line\r") + keys(b"\x04"),
    keys(b"typed ahead\r\b\x7f\x15x\r") + to_console(request(2, STREAM), request(3, STREAM)),
    to_console(request(2, STREAM), request(CANCEL), request(3, STREAM), request(CANCEL)),
    to_console(*(request(2, STREAM, call=n, reply=(8 + 4 * n, 1)) for n in range(18))) +
    keys(b"x\r" * 20),
    keys(b"\xff\x00\x00\x00\x80\x00") + keys(b"on\r"),
    to_console(*COMMON),
    to_terminal(request(4, LEADER), request(9, LEADER + pack("<II", 100, 0))) +
    keys(b"line\x16\x03\x17\r") + to_terminal(request(12, LEADER + pack("<II", 3, 0))),
    to_terminal(request(4, LEADER), request(7, LEADER + pack("<Q", 9)),
                request(9, JOB + pack("<II", 9, 0)), request(7, JOB + pack("<Q", 7)),
                request(8, LEADER + pack("<II", 1, 0))) + keys(b"\x03\x1a\x1c"),
    to_terminal(request(5, LEADER + pack("<II", 2, 0) + termios(0, 0, 0)),
                request(10, LEADER + b"text\n"), request(11, LEADER + pack("<II", 1, 0))) +
    keys(b"raw \x03"),
    keys_with(0o42400, 5, 0o505073, b"a\xc3\xa9\xe4\xb8\xad\x1b[D\x7f\x1b[A\x1b[3~\rb\x1b[A\r"),
    keys(b"\x1b[8;50;132t\xff[8;51;9t\x1b[8;1") + to_terminal(request(6, LEADER + bytes(8))) +
    to_console(request(13, bytes(8))),
]


# ---- proc ----

def elf():
    """A program of one segment, as small as one can be."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    return header + pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 128, 128, 4096) + bytes(8)


def spawn(image=b"", path=b"test", text=b"test\0one\0", argc=2, extra=1):
    return request(1, APP + path.ljust(64, b"\0") +
                   pack("<IIIIIIII", argc, len(text), len(image), ANY_VCPU, 0, 0, extra, 0) +
                   pack("<QQ", 5, 6).ljust(28 * 16, b"\0") + text.ljust(2048, b"\0") + image)


PROC_SEEDS = [
    records(spawn(), spawn(elf()), request(4, APP + bytes(8)), b""),
    records(spawn(elf()), request(2, APP + pack("<Q", 4)), request(CANCEL),
            request(3, APP + pack("<Q", 4)), request(2, APP + pack("<Q", 4))),
    records(request(5, CONSOLE + pack("<QQ", 12, 13)), request(6, APP)),
    records(request(5, STORE + bytes(16)), request(7, STORE + pack("<II", 0, 0))),
    records(request(5, CONSOLE + pack("<QQ", 12, 13)),
            request(8, CONSOLE + pack("<QII", 9, 1, 1000))),
    records(request(3, APP + pack("<Q", 1004)), request(3, APP + pack("<Q", 1000))),
    records(*COMMON),
]


# ---- store ----

def message(kind, number, payload=b""):
    return pack("<IIII", kind, number, 0, len(payload)) + payload


def moved(data):
    """As the host moves it: pieces of up to 200 bytes."""
    return b"".join(bytes([len(piece)]) + piece
                    for piece in (data[i:i + 200] for i in range(0, len(data), 200)))


OPENED = (message(11, 1, b"OK\0") + message(11, 2, b"OK\0") + message(4, 3, b"OK\0") +
          message(15, 0, b"control/shutdown\0shutdown\0"))
STORE_SEEDS = [
    moved(OPENED + message(2, 4, wish) + message(11, 5, b"OK\0") + message(11, 6, b"OK\0"))
    for wish in (b"", b"poweroff", b"reboot", b"suspend", b"dance")
] + [
    moved(OPENED + message(16, 4, b"ENOENT\0")),
    moved(message(16, 1, b"EACCES\0") + message(11, 2, b"OK\0") + pack("<IIII", 1, 2, 3, 9999)),
    moved(OPENED)[:90] + b"\xf1\x00\x00\x00\x80" + b"\xf0\xff\xff\xff\x7f",
]


# ---- client ----

def reply(whose, result, body=b""):
    return bytes([whose]) + pack("<Qq", 0, result) + body


CLIENT_SEEDS = [
    records(*(reply(n, 0, pack("<Q", 5) if n % 3 < 2 else bytes(2000)) for n in range(6))),
    records(reply(1, -22), reply(0x41, 0, bytes(8)), reply(0x80, 0, bytes(8)), b"\x00abc"),
    records(reply(2, 0, bytes(1999)), reply(0, 0, bytes(2000)), reply(9, 0, bytes(8))),
]


# ---- channel ----

(TAG, TAG_HONEST, PAYLOAD, RECEIVE, DISCARD, PEEK, SEND, STREAM_SEND, TAG_BUNDLE,
 RECEIVE_MANY, SEND_MANY) = range(11)
MARKED = 17


def tag(packet, length, total, first=1, generation=1):
    return bytes([TAG, packet]) + pack("<BBBBI", generation, generation - 1 & 0xff, first,
                                       length, total)


CHANNEL_SEEDS = [
    b"".join(tag(n, 56, 56) + bytes([RECEIVE, 0]) for n in range(16)),
    b"".join(bytes([SEND, n]) for n in range(14)) + tag(3, 8, 8) + bytes([SEND, 9]),
    tag(0, 56, 200) + b"".join(tag(n, 56 if n < 3 else 32, 200, 0) for n in range(1, 4)) +
    bytes([PEEK, 0, RECEIVE, 0]),
    tag(0, 56, 2900) + bytes([RECEIVE, 0, RECEIVE, 0]) +
    b"".join(tag(n, 56, 2900, 0) + bytes([RECEIVE, 0]) for n in range(1, 16)) +
    b"".join(tag(n, 56, 2900, 0, 2) + bytes([RECEIVE, 0]) for n in range(16)),
    tag(0, 56, 90000) + bytes([RECEIVE, 0, DISCARD, 0]) +
    b"".join(tag(n, 56, 90000, 0) + bytes([RECEIVE, 0]) for n in range(1, 16)),
    bytes([STREAM_SEND, 255]) * 3 + tag(3, 56, 255 * 11, 1) + bytes([STREAM_SEND, 0]) * 2,
    tag(0, 0, 0) + bytes([PEEK, 0, DISCARD, 0, RECEIVE, 0]),
    tag(0, 0, 7, MARKED) + bytes([PEEK, 0]),
    tag(0, 8, 7, MARKED) + bytes([PEEK, 0]),
    bytes([TAG_BUNDLE, 0, 20, 40, 0, RECEIVE_MANY, 1]) + tag(0, 0, 0) + bytes([RECEIVE_MANY, 9]),
    # A bundle that was begun, and of which nothing fitted, is not written any more.
    bytes([SEND_MANY, 1, RECEIVE_MANY, 0]) + tag(0, 0, 0, 0, 0) + bytes([PEEK, 0]),
]


# ---- line ----

LIE_TAG, LIE_PAYLOAD, LIE_DOORBELL, LIE_ANSWER, LINE_CHOOSE = range(5)
OFFER, REQUEST, MOVE, BY_KERNEL, RUN, LATER, EVICT = range(5, 12)
CALL, REPLY_TO, AND_MORE = 5, 6, 128
SLEEPING, DEAD, RETIRED = 1, 2, 3
LINE_FLAGS, MOVE_FLAG = 3, 32


def steps(*pairs):
    return b"".join(bytes(pair) for pair in pairs)


def line_tag(slot, generation, flags, length, total):
    return steps((LIE_TAG, slot)) + pack("<BBBBI", generation, generation - 1 & 0xff, flags,
                                          length, total)


def to_service(*parts):
    return b"\x00" + steps((OFFER, 0)) + b"".join(parts)


def to_client(*parts):
    return b"\x01\x08" + b"".join(parts)


MOVED = b"".join(steps((MOVE, 1)) + bytes([slot]) + steps((RUN, 0)) for slot in (16, 32, 63, 0))
LINE_SEEDS = [
    to_service(b"".join(steps((REQUEST, op), (RUN, 0)) for op in (1, 2, 5, 6, 7, 4, 1))),
    to_service(steps((REQUEST, 1), (RUN, 0)), MOVED, steps((REQUEST, 1), (RUN, 0))),
    to_service(steps((REQUEST, 1), (RUN, 0), (MOVE, 1)), bytes([64]), steps((RUN, 0))),
    to_service(steps((REQUEST, 1), (RUN, 0)), line_tag(0, 2, MOVE_FLAG, 0, 20),
               steps((RUN, 0), (RUN, 0))),
    to_service(steps((REQUEST, 3), (RUN, 0), (BY_KERNEL, 1), (RUN, 0), (LATER, 0), (LATER, 0))),
    to_service(steps((REQUEST, 3), (RUN, 0), (EVICT, 0), (LATER, 0), (EVICT, 0), (RUN, 0),
                     (LATER, 0))),
    to_service(steps((OFFER, 0), (REQUEST, 1), (LINE_CHOOSE, 1), (REQUEST, 3), (RUN, 0),
                     (RUN, 0), (LIE_DOORBELL, DEAD), (LATER, 0), (RUN, 0))),
    to_service(line_tag(0, 1, LINE_FLAGS, 57, 57), steps((RUN, 0))),
    to_service(line_tag(0, 1, LINE_FLAGS, 56, 90), steps((RUN, 0))),
    to_client(steps(*[(CALL, 1), (REPLY_TO, 1)] * 24)),
    to_client(steps((CALL, 0), (REPLY_TO, 1), (CALL, 0), (REPLY_TO, 32), (CALL, 0),
                    (REPLY_TO, 64 + 20), (CALL, 0), (REPLY_TO, 1))),
    to_client(steps((CALL, 0), (LIE_DOORBELL, RETIRED), (REPLY_TO, 1), (CALL, 0),
                    (LIE_DOORBELL, SLEEPING), (REPLY_TO, 1))),
    to_client(steps((CALL, 0), (LIE_ANSWER, 1), (LIE_DOORBELL, DEAD), (REPLY_TO, 1))),
    to_client(steps((LIE_DOORBELL, DEAD), (CALL, 0), (CALL, 0), (LIE_ANSWER, 255),
                    (LIE_DOORBELL, DEAD), (CALL, 0))),
    to_client(steps((CALL, 0)), line_tag(0, 1, 4, 16, 16), steps((CALL, 0))),
    to_client(steps(*[(CALL, 0), (AND_MORE | REPLY_TO, 1), (LIE_DOORBELL, DEAD)] * 2)),
    to_service(steps((REQUEST, 1), (LIE_DOORBELL, SLEEPING), (RUN, 0))),
    b"\x01\xff" + steps((CALL, 0), *[(AND_MORE | LIE_ANSWER, 1), (LIE_DOORBELL, DEAD)] * 200),
]

# ---- turn ----

(CHOOSE, ASK, ASK_ENDS, PLAIN, STREAM_ON, BUNDLE, ANSWER_IN_PLACE, TAKE, KERNEL_MESSAGE,
 OPEN, CLOSE, OFFERED, SEND_ONE, SEND_SOME, RECEIVE_ONE, RECEIVE_SOME, DISCARD_ONE, EVICT_ONE) = range(4, 22)
ALL = 255           # capacity enough
EAGAIN = 11
# This side has opened its channel first, and asks; or second, and answers.  Channel 0 is
# the first, 1 the second, of each side.
CALLER = steps((OPEN, 0), (OFFERED, 0), (SEND_ONE, 8), (CHOOSE, 0), (TAKE, 0), (CHOOSE, 1),
               (PLAIN, 2), (RECEIVE_ONE, ALL), (CHOOSE, 0))
ANSWERER = steps((OFFERED, 0), (OPEN, 0))
ASKED = steps((SEND_ONE, 8), (ANSWER_IN_PLACE, 8), (RECEIVE_ONE, ALL))
ANSWERED = steps((CHOOSE, 0), (ASK, 8), (RECEIVE_ONE, ALL), (SEND_ONE, 9))
TURN_SEEDS = [
    CALLER + ASKED * 4,
    CALLER + ASKED + steps((SEND_ONE, 8), (TAKE, 0), (CHOOSE, 1), (PLAIN, 2), (RECEIVE_ONE, ALL)),
    CALLER + steps((SEND_ONE, 8), (ANSWER_IN_PLACE, 63), (RECEIVE_ONE, ALL), (RECEIVE_ONE, ALL)),
    CALLER + steps((SEND_ONE, 8), (ANSWER_IN_PLACE, 56), (RECEIVE_ONE, 3), (DISCARD_ONE, 0)),
    CALLER + steps((SEND_ONE, 8), (ANSWER_IN_PLACE, 56), (SEND_ONE, 8), (RECEIVE_ONE, 3),
                   (RECEIVE_ONE, ALL), (RECEIVE_ONE, ALL)),
    CALLER + steps((SEND_ONE, 8), (ANSWER_IN_PLACE, 136), (RECEIVE_ONE, ALL)),
    CALLER + steps((SEND_ONE, 8), (ANSWER_IN_PLACE, 8), (EVICT_ONE, 0), (RECEIVE_ONE, ALL)),
    CALLER + steps((SEND_ONE, 8), (LIE_DOORBELL, DEAD), (OFFERED, 0), (RECEIVE_ONE, ALL)),
    CALLER + steps((SEND_ONE, 8), (LIE_DOORBELL, RETIRED), (SEND_ONE, 8), (CLOSE, 0)),
    CALLER + ASKED * 20 + steps((SEND_ONE, 255), (SEND_SOME, 8), (TAKE, 0), (TAKE, 0)),
    ANSWERER + ANSWERED * 3 + steps((ASK_ENDS, 0), (RECEIVE_ONE, ALL)),
    ANSWERER + steps((ASK, 8), (RECEIVE_ONE, ALL), (ASK_ENDS, 0), (SEND_ONE, 9), (ASK, 8),
                     (RECEIVE_ONE, ALL), (PLAIN, 2), (RECEIVE_ONE, ALL), (SEND_ONE, 9)),
    ANSWERER + ANSWERED * 2 + steps((ASK, 8), (RECEIVE_ONE, ALL), (ASK, 9), (SEND_ONE, 9),
                                    (RECEIVE_ONE, ALL)),
    ANSWERER + ANSWERED * 2 + steps((ASK, 8), (RECEIVE_ONE, ALL), (CLOSE, 0), (OPEN, 0),
                                    (SEND_ONE, 9)),
    ANSWERER + ANSWERED * 2 + steps((ASK, 8), (RECEIVE_ONE, ALL), (EVICT_ONE, 0), (SEND_ONE, 9)),
    ANSWERER + ANSWERED * 2 + steps((ASK, 60), (RECEIVE_ONE, ALL), (RECEIVE_ONE, ALL)),
    ANSWERER + ANSWERED * 2 + steps((ASK, 136), (RECEIVE_ONE, ALL), (SEND_ONE, 9)),
    ANSWERER + steps(*[(ASK, 8), (RECEIVE_ONE, ALL), (ASK_ENDS, 0), (SEND_ONE, 9)] * 17),
    ANSWERER + steps((BUNDLE, 8), (RECEIVE_ONE, ALL), (RECEIVE_SOME, ALL), (PLAIN, 200),
                     (RECEIVE_ONE, 9), (DISCARD_ONE, 0), (KERNEL_MESSAGE, 9), (RECEIVE_ONE, ALL)),
    steps((OFFERED, 0), (RECEIVE_ONE, 254), *[(PLAIN, 2)] * 3, (OFFERED, 1)),
    steps((OFFERED, 0), (STREAM_ON, 9), (RECEIVE_ONE, ALL), *[(STREAM_ON, 9)] * 9),
    steps((OFFERED, 0), (STREAM_ON, 9), (RECEIVE_ONE, ALL), *[(STREAM_ON, 9)] * 2, (OPEN, 0)),
    steps((OFFERED, 0), (STREAM_ON, 200), (RECEIVE_ONE, ALL), *[(STREAM_ON, 200)] * 9,
          (PLAIN, 3), (RECEIVE_ONE, ALL)),
    # The channel that is named goes to another process.
    steps((OFFERED, 0), (CHOOSE, 1), (OPEN, 0), (CHOOSE, 0), (ASK, 8), (RECEIVE_ONE, ALL),
          (ASK_ENDS, 0), (ASK, 8), (RECEIVE_ONE, ALL)),
    steps((OPEN, 1), *[(SEND_ONE, 8)] * 30, (SEND_ONE, 250)),
    steps((OPEN, 0), (LIE_ANSWER, 256 - EAGAIN), (LIE_DOORBELL, RETIRED), (SEND_ONE, 8),
          (LIE_ANSWER, 0), (SEND_ONE, 8), (LIE_DOORBELL, DEAD), (SEND_ONE, 8)),
    steps((OFFERED, 0), (RECEIVE_ONE, ALL), (PLAIN, 2), (EVICT_ONE, 0), (LIE_ANSWER, 256 - EAGAIN),
          *[(RECEIVE_ONE, ALL)] * 4),
]

# ---- name ----

CONTROL = bytes(16)
PATH = b"/app/one"
ALIAS, OTHER = pack("<QQ", 5, 6), pack("<QQ", 7, 8)


def value(kind=1, flags=1, first=0, second=12, secret=13):
    return pack("<IIQQQ", kind, flags, first, second, secret)


def register(alias=ALIAS, what=value(), owner=1000, lease=0, token=1, path=b""):
    return request(1, pack("<QQQ", 1, owner, 0) + alias + what + pack("<QQ", lease, token) +
                   path.ljust(64, b"\0"))


def entry(alias=ALIAS, what=value()):
    return alias + what + pack("<QQQQ", 1000, 1, 99, 2**64 - 1) + bytes(64)


ALONE, THREE = b"\x02", b"\x2a"
CHANGE = pack("<Q", 1) + ALIAS + pack("<Q", 99)
NAME_SEEDS = [
    ALONE + records(register(), request(5, ALIAS), request(6, bytes(8)), register(),
                    register(owner=1 << 63 | 5, path=PATH)),
    ALONE + records(register(what=value(2, 0, 7, 8, 0)), register(OTHER, value(2, 0, 5, 6, 0)),
                    register(lease=1)),
    ALONE + records(register(), request(2, CHANGE + value()), request(4, CHANGE + bytes(8)),
                    request(3, CHANGE), request(5, OTHER)),
    THREE + records(
        request(18, CONTROL + pack("<QQIIII", 1, 1, 1, 1, 0, 0) + entry(), reply=(0, 0)),
        request(18, CONTROL + pack("<QQIIII", 1, 2, 1, 1, 1, 0) + entry(OTHER, value(0))),
        request(20, CONTROL + pack("<QII", 1, 1, 0)), register(),
        request(19, CONTROL + pack("<QQIi", 1, 1, 1, 0)), request(5, ALIAS),
        request(19, CONTROL + pack("<QQIi", 1, 1, 2, -28))),
    ALONE + records(register(), request(17, CONTROL + pack("<II", 1, 0) +
                                        pack("<Q", 1000).ljust(32 * 8, b"\0"))),
    THREE + records(*COMMON),
]

# ---- mem ----

MEM_TICKET = pack("<QQ", 50, 0)
MEM_AT, MEM_HEAP = 0x800000000, 0x600000


def to_mem(*messages):
    return records(*(b"\x00" + message for message in messages))


def fault(address, error, pid=50):
    return records(b"\x01" + pack("<QQQQIIQQ", pid, 5, 6, address, error, 14, 0x400000, 0))


def mem_layout(pid=50, family=50):
    regions = (pack("<QQQII", 0x400000, 0x402000, 0x401000, 1, 0) +
               pack("<QQQII", MEM_HEAP, MEM_HEAP, 0, 3, 1)).ljust(12 * 32, b"\0")
    return CONTROL + pack("<QQQQQQII", pid, 20, 21, family, 1000, 1000, 2, 0) + regions


def mem_map(address=MEM_AT, length=0x10000, prot=3, flags=1, offset=0):
    return request(1, MEM_TICKET + pack("<QQIIQQQ", address, length, prot, flags, 3, 4, offset))


def mem_range(op, address=MEM_AT, length=0x10000, more=b""):
    return request(op, MEM_TICKET + pack("<QQ", address, length) + more)


MEM_ATTACH = to_mem(request(16, mem_layout()))
MEM_SEEDS = [
    MEM_ATTACH + to_mem(mem_map(), mem_range(3, more=pack("<II", 0, 0)),
                        mem_range(3, more=pack("<II", 3, 0)), mem_range(2)),
    MEM_ATTACH + to_mem(mem_map()) + fault(MEM_AT + 0x5008, 2) + fault(MEM_AT + 0x5008, 3) +
    fault(0x400010, 4) + fault(0x7ff0000fe000, 2) + fault(0x7fefffa00000, 2) + fault(8, 2),
    MEM_ATTACH + to_mem(mem_map(flags=2 | 4), request(18, CONTROL + pack("<QQQQ", 50, 51, 22, 23)))
    + fault(MEM_AT, 2, 51) + to_mem(request(243, CONTROL + pack("<IIQ", 1, 0, 50))),
    MEM_ATTACH + to_mem(request(6, MEM_TICKET + pack("<Q", MEM_HEAP + 0x20000)),
                        request(6, MEM_TICKET + pack("<Q", MEM_HEAP)),
                        request(7, MEM_TICKET + pack("<Q", 50)), request(8),
                        request(17, mem_layout()), request(20, CONTROL + pack("<Q", 50))),
    MEM_ATTACH + to_mem(mem_map(flags=1 | 64), mem_map(flags=1 | 16 | 32), mem_map(flags=1 | 12),
                        mem_range(4, more=pack("<II", 4, 0)), mem_range(4, more=pack("<II", 2, 0)),
                        mem_range(4, more=pack("<II", 3, 0)), mem_range(5)),
    to_mem(request(19, CONTROL + pack("<QQ", 8, 9) * 9), *COMMON),
]

# ---- fs ----

CWD = 0xffffffff
READ, WRITE, CREATE = 1, 2, 16


def fs(op, body=b"", session=1):
    return request(op, pack("<Q", session) + body)


def fs_open(path, flags, session=1):
    return fs(2, pack("<IIII", CWD, flags, 0o666, 0) + path, session)


def fs_read(handle, length, offset=-1):
    return fs(4, pack("<IIq", handle, length, offset))


def fs_write(handle, data, offset=-1):
    return fs(5, pack("<IIq", handle, 0, offset) + data)


def fs_link(what, old, new):
    return fs(12, pack("<IIIHH", CWD, CWD, len(old), what, 0) + old + new)


def fs_make(path, mode):
    return fs(11, pack("<IIQ", CWD, mode, 0) + path)


FILE = fs_open(b"/tmp/f", READ | WRITE | CREATE)
FS_SEEDS = [
    records(request(1, pack("<QQQQ", 9, 0, 5, 6)), request(1, pack("<QQQQ", 9, 3, 5, 6))),
    records(FILE, fs_write(0, b"text" * 2000), fs_read(0, 100, 3), fs(6, pack("<IIq", 0, 0, 5)),
            fs(7, pack("<II", CWD, 0) + b"/tmp/f"), fs(7, pack("<II", 0, 1)),
            fs(14, pack("<IIIIIIQqq", CWD, 0, 15, 0o644, 1, 2, 10, 5, 6) + b"/tmp/f"),
            fs(3, pack("<II", 0, 0))),
    records(FILE, fs(21, pack("<IIqQII", 0, 5000, -1, 1000, 1, 0)),
            fs(21, pack("<IIqQII", 0, 5000, 0, 1000, 0, 0)), fs(24, pack("<IIII", 0, 3, 1, 0)),
            request(22, pack("<QQQQQQQQII", 9 | 1 << 63, 0, 0, 0, 0, 7, 7, 4096, 3, 0)),
            fs(10, pack("<II", CWD, 0) + b"/tmp/f"),
            request(22, pack("<QQQQQQQQII", 9 | 1 << 63, 0, 0, 0, 0, 7, 7, 0, 3, 0))),
    records(fs_make(b"/tmp/d", 0o40755), fs_make(b"/tmp/d/e", 0o40755), fs_make(b"/tmp/p", 0o10600),
            fs_link(2, b"../tmp/d", b"/tmp/s"), fs_link(3, b"/tmp/d/e", b"/tmp/s/../x"),
            fs_link(1, b"/etc/passwd", b"/tmp/s/p"), fs(13, pack("<II", CWD, 2) + b"/tmp/s/p"),
            fs(13, pack("<II", CWD, 1) + b"/tmp/s"), fs_open(b"/tmp", READ | 256),
            fs(9, pack("<II", 0, 200)), fs(9, pack("<II", 0, 4000)),
            fs(10, pack("<II", CWD, 1) + b"/tmp/x"), fs(16, pack("<IIQ", CWD, 1, 0) + b"/tmp/d"),
            fs(16, pack("<IIQ", CWD, 2, 0o27)), fs(16, pack("<IIQ", CWD, 3, 5 << 32 | 6)),
            fs(19, pack("<II", CWD, 0) + b"/boot"), fs(20, pack("<IIII", CWD, 0, 7, 0) + b"p")),
    records(fs(15, pack("<II", 0, 0)), fs_read(0, 10), fs_write(1, b"x" * 5000), fs_read(0, 4032),
            fs(18, pack("<IIIIII", 2, 1, 0, 1, 1, 4)), fs_write(1, b"y" * 57344),
            fs_write(1, b"y" * 57344), fs(18, pack("<IIII", 1, 1, 1, 4)), request(CANCEL),
            request(23, pack("<QQQQ", 0, 0, 1, 20)), fs(8, pack("<IIQ", 0, 2, 8)),
            fs(8, pack("<IIQ", 0, 3, 0)), fs(3, pack("<II", 0, 0)), fs(3, pack("<II", 1, 0))),
    records(fs_make(b"/tmp/p", 0o10600), fs_open(b"/tmp/p", READ), fs_open(b"/tmp/p", WRITE, 2),
            fs_open(b"/tmp/p", READ | WRITE, 3)),
    records(FILE, fs(17, pack("<IHHqq", 0, 2, 0, 0, 100)), fs_open(b"/tmp/f", READ | WRITE, 2),
            fs(17, pack("<IHHqq", 0, 1, 1, 50, 0), 2), fs(17, pack("<IHHqq", 0, 0, 0, 20, 60)),
            fs(17, pack("<IHHqq", 0, 2, 2, 0, 0), 2), fs(3, pack("<II", 0, 0))),
    records(*COMMON),
]


# ---- page ----

def page_take(pages, address=0x10000):
    return request(1, CONTROL + pack("<QQQII", 20, 21, address, pages, 0))


def page_promise(holder, held, wanted):
    return request(4, CONTROL + pack("<IIQQ", holder, 0, held, wanted))


PAGE_SEEDS = [
    records(page_take(64), page_take(512), page_take(1), page_take(0), page_take(513)),
    records(page_take(64, 0x12000), page_take(64, 0x13000), request(3)),
    records(request(2, CONTROL + pack("<QQq", 20, 21, 100)),
            request(2, CONTROL + pack("<QQq", 20, 21, -100)),
            request(2, CONTROL + pack("<QQq", 20, 21, 1 << 62))),
    records(page_promise(0, 0, 900), page_promise(1, 0, 900), page_promise(0, 900, 10),
            page_promise(1, 1 << 63, 1 << 63), page_promise(9, 0, 1), request(3)),
    records(request(1, pack("<QQQQQII", 1, 2, 20, 21, 0x10000, 64, 0)), *COMMON),
]

SEEDS = {"fs": FS_SEEDS, "page": PAGE_SEEDS, "name": NAME_SEEDS, "console": CONSOLE_SEEDS, "proc": PROC_SEEDS, "store": STORE_SEEDS, "mem": MEM_SEEDS,
         "client": CLIENT_SEEDS, "channel": CHANNEL_SEEDS, "line": LINE_SEEDS,
         "turn": TURN_SEEDS}
