# SPDX-License-Identifier: MIT
"""The report's tables and figures, made from the records of a run."""
from __future__ import annotations

from dataclasses import dataclass, field, replace

import goals
import thesis
from results import GUEST, HOST, LINUX, nanoseconds, ratio


@dataclass
class Table:
    name: str                # of its CSV and JSON files
    title: str
    text: str
    columns: list
    rows: list               # of cells: str, int, float or None
    source: str
    groups: dict = field(default_factory=dict)     # first row of a group -> its heading
    picture: Figure | Bars | None = None           # of what it says, beside it


@dataclass
class Series:
    name: str                # decides how it looks
    points: list             # (x, y)
    label: str = ""          # in place of the name
    quoted: bool = False     # the thesis's: points without a curve
    emulated: bool = False   # there are emulated traps in it


@dataclass
class Mark:
    text: str
    x: float | None = None   # a vertical line there, or
    y: float | None = None   # a horizontal one
    side: float = 0.6        # its text above or, negative, below that


@dataclass
class Figure:
    name: str
    title: str
    text: str
    x: str                   # axis labels, with units
    y: str
    series: list
    source: str
    log: str = ""            # which axes: "", "x", "y", "xy"
    bytes_axis: bool = False # x counts bytes: ticks at powers of two
    ticks: list = field(default_factory=list)      # of x, where they are given
    marks: list = field(default_factory=list)
    least_y: float | None = None
    microseconds: float = 0  # MHz: a second y axis in microseconds


@dataclass
class Bars:
    """A bar to each of a table's rows, of several groups of them."""
    name: str
    title: str
    x: str                   # what the bars' length is, with its unit; on a scale of
    series: list             # logarithms.  A group: (what, length), from above to below


def picture_of(part):
    """What is to be drawn of it, or None."""
    return part.picture if isinstance(part, Table) else part


RATIO = "× minimal"
HOW = "how"                  # the column that says what a row is, in words
EMULATED = "emulated"
LATENCY = ["what", "median cycles", "p99 cycles", "median ns", RATIO, HOW, "the thesis"]


def how(record):
    words = [EMULATED] if record["emulated"] else []
    return ", ".join(words + (["unsteady"] if record.get("unsteady") else []))


def emulated_rows(table):
    """Of each row whether it says so; tables that cannot say it hold the host's figures."""
    if HOW not in table.columns:
        return [False] * len(table.rows)
    at = table.columns.index(HOW)
    return [EMULATED in row[at].split(", ") for row in table.rows]


def latency_row(label, record, said=""):
    if record["unit"] != "cycles":
        return [label, None, None, None, None, how(record), said]
    return [label, record["median"], record["p99"], nanoseconds(record), ratio(record),
            how(record), said]


def bars_of(name, title, x, groups):
    """Of groups (name, [(what, length)]); what has no length is left out, and None is the
    result when all is."""
    series = [Series(group, [(what, length) for what, length in rows if length])
              for group, rows in groups]
    series = [group for group in series if group.points]
    return Bars(name, title, x, series) if series else None


def table_bars(table, column):
    """A bar to each row, as long as that column says."""
    return bars_of(table.name, table.title, table.columns[column],
                   [("", [(row[0], row[column]) for row in table.rows])])


def thesis_ns():
    """The thesis's 32-byte echoes as rows of bars."""
    return ("the thesis", [(f"{what} echo 32 B, {machine} machine", ns)
                           for what, pair in (("user", thesis.USER_ECHO_NS),
                                              ("kernel", thesis.KERNEL_ECHO_NS))
                           for machine, ns in zip(("its best", "its worst"), pair)])


def bars_5_1(rows, groups):
    first = [*groups, len(rows)]
    return bars_of("table-5-1", "Table 5.1: median nanoseconds",
                   "median of a round trip, ns",
                   [(groups[a].split(",")[0], [(row[0], row[3]) for row in rows[a:b]])
                    for a, b in zip(first, first[1:])] + [thesis_ns()])


def table_5_1(results):
    """Each row: where, name of the record, what the thesis says beside it."""
    plan = [
        (GUEST, "echo", "user channel echo 32 B", thesis.span_ns(thesis.USER_ECHO_NS)),
        (GUEST, "echo", "kernel messaging echo 32 B",
         thesis.span_ns(thesis.KERNEL_ECHO_NS)),
        (GUEST, "echo", "null system call", ""),
        (GUEST, "echo", "minimal IPC", ""),
        (LINUX, None, "getpid", thesis.span_ns(thesis.NULL_CALL_LINUX_GUEST_NS)),
        (LINUX, None, "futex echo", ""),
        (LINUX, None, "pipe echo 32 B", ""),
        (LINUX, None, "Unix socket echo 32 B", ""),
        (LINUX, None, "minimal IPC", ""),
        (HOST, None, "full API echo 32 B", ""), (HOST, None, "getpid", ""),
        (HOST, None, "futex echo", ""), (HOST, None, "pipe echo 32 B", ""),
        (HOST, None, "Unix socket echo 32 B", ""), (HOST, None, "minimal IPC", ""),
    ]
    headings = {GUEST: "fos", LINUX: "Linux, a PV guest on the same Xen, after fos",
                HOST: "Linux on the host itself, and fos's channel code in its processes"}
    rows, groups, last = [], {}, None
    for source, suite, name, said in plan:
        record = results.host(name) if source == HOST else results.first(
            results.select(source, suite, name))
        if not record:
            continue
        if source != last:
            groups[len(rows)] = headings[source]
            last = source
        label = f"null system call ({name})" if name == "getpid" else name
        rows.append(latency_row(label, record, said))
    return Table("table-5-1", "Table 5.1: user and kernel messaging beside a null system call",
                 "Round trips of 32 bytes between two processes on two processors. The "
                 "thesis compares user messaging with a null system call of Linux in a Xen "
                 "guest: a message should cost no more than a trap.",
                 LATENCY, rows, "echo-bench echo; linux-init; host bench", groups,
                 bars_5_1(rows, groups))


def bars_5_2(rows):
    def of(where):
        return [(row[0].removeprefix(where + ": "), row[1]) for row in rows
                if row[0].startswith(where)]

    return bars_of("table-5-2", "Table 5.2: median cycles", "median of a round trip, cycles",
                   [(where, of(where)) for where in ("host", "guest")] +
                   [("the thesis", [("minimal IPC", thesis.MINIMAL_CYCLES),
                                    ("user channel echo", thesis.USER_ECHO_CYCLES)])])


def table_5_2(results):
    guest = lambda name: results.guest("echo", name)
    said = {"minimal IPC": f"{thesis.MINIMAL_CYCLES} cycles",
            "user": f"{thesis.USER_ECHO_CYCLES} cycles, × {thesis.USER_TO_MINIMAL}"}
    plan = [("host: minimal IPC", results.host("minimal IPC"), said["minimal IPC"]),
            ("host: bare channel echo", results.host("bare channel echo 32 B"), ""),
            ("host: full API echo", results.host(goals.HOST_API), said["user"]),
            ("host: typed RPC", results.host(goals.HOST_TYPED), ""),
            ("host: fast RPC", results.host(goals.HOST_FAST), ""),
            ("guest: minimal IPC", guest("minimal IPC"), said["minimal IPC"]),
            ("guest: minimal IPC, no pause", guest("minimal IPC, no pause"), ""),
            ("guest: user channel echo", guest("user channel echo 32 B"), said["user"]),
            ("guest: typed RPC", results.guest("rpc", "typed RPC"), ""),
            ("guest: fast RPC", results.guest("rpc", "fast RPC"), "")]
    rows = [latency_row(label, record, text) for label, record, text in plan if record]
    return Table("table-5-2", "Table 5.2: fos messaging beside the minimal IPC",
                 "The minimal IPC hands one cache line to and fro and does nothing else; "
                 "the ratio to it is taken at the same moments of the same run.",
                 LATENCY, rows, "host bench; echo-bench echo, rpc",
                 picture=bars_5_2(rows))


def table_host(results):
    rows = []
    for record in results.select(HOST, "host"):
        cycles = record["unit"] == "cycles"
        rows.append([record["name"], record.get("where", ""), record["unit"], record["n"],
                     record["min"], record["median"], record["p99"],
                     ratio(record) if cycles else None])
    return Table("host", "All figures of the host benchmark",
                 "The very sources of libfos's messaging between two processes of Linux, "
                 "beside what Linux offers. Latencies in cycles, streams in millions of "
                 "messages or gigabytes a second.",
                 ["what", "processors", "unit", "n", "min", "median", "p99", RATIO],
                 rows, "host bench")


def table_guest(results):
    rows = [[r["suite"], r["name"], r.get("x"), r["unit"], r["n"], r["min"], r["median"],
             r["p99"], ratio(r), how(r)]
            for r in results.select(GUEST)
            if r.get("suite") not in ("policy", "size", "posix")]
    return Table("guest", "All figures of fos in the guest, curves apart", "",
                 ["suite", "what", "x", "unit", "n", "min", "median", "p99", RATIO,
                  "how"], rows, "echo-bench all")


def table_posix(results):
    """What one program measures on both, by POSIX calls alone."""
    rows = []
    for linux in results.select(LINUX, "posix"):
        fos = results.guest("posix", linux["name"])
        rows.append([linux["name"], fos and fos["min"], fos and fos["median"],
                     linux["min"], linux["median"],
                     fos and fos["median"] / linux["median"], how(fos or linux)])
    table = Table("posix", "Processes, memory, pipes and threads beside Linux",
                  "One program, apps/posix-bench, on fos and in the Linux guest on the same "
                  "Xen. On fos most of these are messages to fleets in other processes, "
                  "which have to be woken; under the translator each of the traps that this "
                  "takes costs hundreds of times what it does on a processor.",
                  ["what", "fos: least cycles", "median", "Linux: least cycles", "median",
                   "medians' ratio", HOW], rows, "posix-bench")
    table.picture = table_bars(table, 5)
    return table


def table_wake(results):
    plan = [("echo, receiver polling", "user channel echo 32 B"),
            ("echo, receiver asleep", "channel echo, receiver asleep"),
            ("through the kernel, receiver polling", "kernel messaging echo 32 B"),
            ("through the kernel, receiver asleep", "kernel echo, receiver asleep"),
            ("channel set-up and first echo", "channel set-up, first echo")]
    rows = [latency_row(label, record) for label, name in plan
            if (record := results.guest("echo", name))]
    table = Table("wake", "Wake-up latency, and a channel's set-up",
                  "The receiver has gone to sleep in Xen before the message is sent: the "
                  "difference to the row above is the wake-up.",
                  LATENCY[:-1], [row[:-1] for row in rows], "echo-bench echo")
    table.picture = table_bars(table, 1)
    return table


def figure_silent(results):
    """The picture of table_silent; None without records."""
    curves_of = [Series(source, sorted((r["x"], ratio(r))
                                       for r in results.select(source, "silent") if ratio(r)),
                        emulated=source == GUEST and is_emulated(results, "silent"))
                 for source in (HOST, GUEST)]
    ticks = sorted({x for series in curves_of for x, _ in series.points})
    if not ticks:
        return None
    return Figure("silent", "Silent channels: the echo beside the minimal IPC", "",
                  "silent channels", "echo, " + RATIO, curves_of, "", log="x",
                  # So close that they would cover each other: the greater one.
                  ticks=[x for x in ticks if not any(x < y < 1.1 * x for y in ticks)],
                  least_y=0)


def table_silent(results):
    rows = [[f"{source}: {record['x']:.0f} silent, one active", record["median"],
             record["p99"], nanoseconds(record), ratio(record), how(record)]
            for source in (HOST, GUEST) for record in results.select(source, "silent")]
    return Table("silent", "Silent channels",
                 "Echo on one channel while the receiver holds others on which nothing "
                 "comes; polling must not grow with their number. A thread holds 256 "
                 "channels at most. One of them carries the echo, and on the host one more is "
                 "the benchmark's own: so the most silent ones are 255 in the guest and 254 "
                 "on the host, not 256. Under the translator a look at memory not looked at "
                 "lately costs more than on a processor.",
                 LATENCY[:-1], rows, "host bench; echo-bench silent",
                 picture=figure_silent(results))


def table_names(results):
    rows = [latency_row(record["name"], record)[:-1]
            for record in results.select(GUEST, "name")]
    table = Table("names", "Names",
                  "A look-up is answered from memory, by the naming fleet, or, in a process "
                  "that knows nothing yet, after its members have been asked for too. The "
                  "worst name's member had to be given the asker's own processor first.",
                  LATENCY[:-1], rows, "echo-bench name")
    table.picture = table_bars(table, 1)
    return table


def table_kernel(results):
    parts = goals.kernel_parts(results)
    rows = []
    for label, name in (("kernel messaging echo", "kernel messaging echo 32 B"),
                        ("null system call", "null system call"),
                        ("copy of 32 B, four times", "copy of 32 B, four times"),
                        ("send and receive by one process",
                         "kernel message to oneself 32 B")):
        record = results.guest("echo", name)
        if record:
            rows.append([label, record["median"], record["p99"], how(record)])
    if parts:
        traps = how(results.guest("echo", "null system call")).split(", ")
        mark = f"{EMULATED}, " if EMULATED in traps else ""
        rows.append(["two null system calls and the copy", parts[1], None, mark + "computed"])
        rows.append(["echo to that", parts[0] / parts[1], None, mark + "computed, a ratio"])
    return Table("kernel", "Kernel messaging beside what it cannot avoid",
                 "An echo through the kernel makes two system calls and copies the message "
                 "in and out on both sides. The receiver sees a message before the "
                 "sender's call has returned, so the echo can be faster than their sum.",
                 ["what", "median cycles", "p99 cycles", HOW], rows, "echo-bench echo",
                 picture=bars_of("kernel", "Kernel messaging: median cycles",
                                 "median, cycles",
                                 [("", [row[:2] for row in rows
                                        if "ratio" not in row[3]])]))


# ---- figures ----

def is_emulated(results, suite, name=None):
    return any(r["emulated"] for r in results.select(GUEST, suite, name))


def curve_of(results, suite, name, points):
    """A curve made of the guest's records of that suite and name; labelled so when they are
    emulated."""
    emulated = is_emulated(results, suite, name)
    return Series(name, points, name + (f", {EMULATED}" if emulated else ""),
                  emulated=emulated)


def curves(results, suite):
    return [curve_of(results, suite, name, results.curve(suite, name))
            for name in results.names(suite)]


def thesis_points(mhz):
    """The thesis's 32-byte echoes, where they stand on axes of cycles and, with a clock of
    so many MHz, of time."""
    size = thesis.ECHO_BYTES
    points = [Series("the thesis: user, cycles of its machine",
                     [(size, thesis.USER_ECHO_CYCLES)],
                     f"the thesis: user, {thesis.USER_ECHO_CYCLES:,} of its cycles",
                     quoted=True)]
    for what, pair in (("user", thesis.USER_ECHO_NS), ("kernel", thesis.KERNEL_ECHO_NS)):
        text = f"the thesis: {what}, {thesis.span_ns(pair)}"
        points.append(Series(text + ", in cycles of this run",
                             [(size, ns * mhz / 1000) for ns in pair if mhz], text,
                             quoted=True))
    return points


def figure_5_1(results):
    records = results.select(GUEST, "size")
    minimal = results.guest("echo", "minimal IPC")
    mhz = records[0]["tsc_mhz"] if records else 0
    return Figure("figure-5-1", "Figure 5-1: echo latency by message size",
                  "Median round trip. Kernel messages end at 64 KiB; longer messages are "
                  "streamed through the ring. One-packet messages hold up to 56 bytes. The "
                  f"thesis's points are its tables' echoes of {thesis.ECHO_BYTES} bytes: "
                  f"Table 5.2's {thesis.USER_ECHO_CYCLES:,} cycles of its own machine, by the "
                  f"left axis; Table 5.1's {thesis.span_ns(thesis.USER_ECHO_NS)} by user and "
                  f"{thesis.span_ns(thesis.KERNEL_ECHO_NS)} by kernel messaging, by the right "
                  f"axis, from the best to the worst of its machines ({thesis.MACHINES}).",
                  "message, bytes", "round trip, cycles",
                  curves(results, "size") + (thesis_points(mhz) if records else []),
                  "echo-bench size; the thesis, Tables 5.1 and 5.2", log="xy",
                  bytes_axis=True,
                  marks=[Mark("minimal IPC", y=minimal["median"])] if minimal else [],
                  microseconds=mhz)


def break_even(kernel, user):
    """The first count at which user-only has cost no more than kernel-only."""
    user = dict(user)
    return next((n for n, cost in kernel if n and n in user and user[n] <= cost), None)


def setup_cost(user):
    """What the first echo of user-only costs beyond a later one, cycles."""
    cost = dict(user)
    last = max(cost, default=0)
    if 1 not in cost or 100 not in cost or last <= 100:
        return None
    return cost[1] - (cost[last] - cost[100]) / (last - 100)


def policy_text(results):
    kernel = results.curve("policy", goals.POLICY_KERNEL)
    user = results.curve("policy", goals.POLICY_USER)
    setup, even = setup_cost(user), break_even(kernel, user)
    return (f"Both directions follow the policy, each side pays its own set-up. Ours: set-up "
            f"{setup:,.0f} cycles, break-even at {even} echoes. " if setup and even else
            "") + (f"The thesis: set-up over {thesis.SETUP_CYCLES_OVER:,} cycles, break-even "
                   f"at about {thesis.BREAK_EVEN_MESSAGES} messages.")


def policy_marks(results, most):
    kernel = results.curve("policy", goals.POLICY_KERNEL)
    user = results.curve("policy", goals.POLICY_USER)
    setup, even = setup_cost(user), break_even(kernel, user)
    marks = [Mark(f"break-even: {even:.0f}", x=even)] if even and even < most else []
    return marks + ([Mark(f"set-up: {setup:,.0f} cycles", y=setup, side=-0.7)] if setup else [])


def figure_5_2(results):
    even = break_even(results.curve("policy", goals.POLICY_KERNEL),
                      results.curve("policy", goals.POLICY_USER))
    most = min(max(20, 3 * (even or 20)), goals.POLICY_MESSAGES)
    series = [replace(s, points=[p for p in s.points if p[0] <= most])
              for s in curves(results, "policy")]
    return Figure("figure-5-2", "Figure 5-2: cumulative cost of a conversation",
                  policy_text(results), "echoes so far", "cycles in all", series,
                  "echo-bench policy", marks=policy_marks(results, most), least_y=0)


def policy_bound(results):
    """Why the hybrid makes a channel while it waits for an answer, from the pure policies."""
    user = dict(results.curve("policy", goals.POLICY_USER))
    setup, last = setup_cost(user.items()), goals.POLICY_MESSAGES
    if setup is None or last not in user:
        return ""
    share = setup / user[last]
    quoted = thesis.SETUP_CYCLES_OVER / (thesis.SETUP_CYCLES_OVER
                                         + last * thesis.USER_ECHO_CYCLES)
    return (" A policy that never exceeds twice the better one, and does nothing while it "
            "waits, cannot open a channel before it has spent the price of one in vain: here "
            f"{share:.0%} of what user-only costs for {last} echoes, on the thesis's figures "
            f"{quoted:.0%}. The hybrid opens it while it waits for an answer.")


def figure_policy_ratio(results):
    cost = {name: dict(results.curve("policy", name)) for name in results.names("policy")}
    pure = [cost.get(goals.POLICY_KERNEL, {}), cost.get(goals.POLICY_USER, {})]
    series = [curve_of(results, "policy", name,
                       [(n, cost[name][n] / min(p[n] for p in pure))
                        for n in sorted(cost[name]) if n and all(n in p for p in pure)])
              for name in cost]
    return Figure("policy-ratio", "The policies beside the better pure one",
                  "Cumulative cost over that of the better of kernel-only and user-only at "
                  "each count. A competitive choice stays under two whatever comes."
                  + policy_bound(results),
                  "echoes so far", "× the better pure policy", series, "echo-bench policy",
                  log="xy", marks=[Mark("goal", y=2)])


def figure_clients(results):
    return Figure("clients", "Many senders, one receiver",
                  "Messages of 32 bytes from 1..N processes into one mailbox. In an "
                  "emulated machine of two processors all senders share the one that the "
                  "receiver leaves.", "senders", "thousand messages a second",
                  curves(results, "clients"), "echo-bench clients", log="xy",
                  ticks=sorted({x for name in results.names("clients")
                                for x, _ in results.curve("clients", name)}))


def figure_load(results):
    full = results.guest("load", "a request at full rate")
    rate = (f"Full rate: {full['median']:,.0f} cycles to a request with 64 under way. "
            if full else "")
    return Figure("load", "Latency under load",
                  "Requests of 32 bytes at random moments (an open loop), timed from when "
                  "they were due. " + rate + "The tail holds the moments in which the host "
                  "takes a processor away.", "load, percent of the full rate",
                  "latency, cycles",
                  [Series(text, results.curve("load", "user channel", part),
                          emulated=is_emulated(results, "load"))
                   for text, part in (("p50", "median"), ("p99", "p99"),
                                      ("p99.9", "p999"))], "echo-bench load", log="y")


def pages_text(results):
    ring = dict(results.curve("pages", "through the ring"))
    move = dict(results.curve("pages", "moved"))
    fresh = dict(results.curve("pages", "map and unmap"))
    sizes = sorted(x for x in ring if x in move and x in fresh)
    if not sizes:
        return ""
    pays = [x for x in sizes if move[x] + fresh[x] < ring[x]]
    if not pays:
        return " Together they cost more than the ring at every size measured."
    emulated = is_emulated(results, "pages", "moved")
    last = sizes[-1]
    return (f" Together they cost less than the ring from {size(pays[0])} on, "
            f"{ring[last] / (move[last] + fresh[last]):.1f} times less at {size(last)}"
            + (" (traps are emulated)." if emulated else "."))


def figure_pages(results):
    return Figure("pages", "Bytes through the ring, or pages moved",
                  "A message by pages is a move (one call unmaps them here and maps them there); "
                  "and the sender needs fresh ones for its next message, which are zeroed, and "
                  "the receiver unmaps what it has read." + pages_text(results),
                  "message, bytes", "cycles to a message",
                  curves(results, "pages"), "echo-bench pages", log="xy",
                  bytes_axis=True)


def figure_rpc(results):
    points = results.curve("rpc", "calls outstanding")
    one = results.guest("rpc", "typed RPC")
    alone = (f"One call at a time takes {one['median']:,.0f} cycles, "
             f"{ratio(one):.2f} times the minimal IPC. " if one else "")
    return Figure("rpc", "RPC with many calls outstanding",
                  "A typed call of two numbers that answers their sum, through a service's "
                  "dispatch. " + alone, "calls outstanding", "cycles to a call",
                  [Series("typed RPC", points,
                          emulated=is_emulated(results, "rpc", "calls outstanding"))], "echo-bench rpc", log="x",
                  ticks=[x for x, _ in points], least_y=0)


def figure_page(results):
    return Figure("page", "Pages of the page fleet",
                  "Pages taken and given back, by 64, by 1..N clients: each of a member of "
                  "the page fleet of its own, or, threads of one process, all of one pool "
                  "under a lock. Either way a batch is moved by the kernel, unmapped, and "
                  "zeroed anew: three traps; a client of the fleet sends a message as well. "
                  "The emulated machine has two processors for all of them.",
                  "clients, and members", "thousand pages a second",
                  curves(results, "page"), "page-bench", least_y=0,
                  ticks=sorted({x for name in results.names("page")
                                for x, _ in results.curve("page", name)}))


def figure_pool(results):
    names = results.names("pool", HOST)
    return Figure("pool", "Pools of pages on the real processor",
                  "The page fleet's pool in threads of Linux, on processors of their own: "
                  "pages taken and given back, one by one or by 64, each thread from its "
                  "own pool (and from the others' when that is empty), or all from one "
                  "under a lock. Bookkeeping alone: no page is zeroed or mapped.",
                  "threads", "million pages a second",
                  [Series(name, results.curve("pool", name, source=HOST))
                   for name in names], "pool-bench", least_y=0,
                  ticks=sorted({x for name in names
                                for x, _ in results.curve("pool", name, source=HOST)}))


def figure_faults(results):
    one = results.curve("faults", "page fault")
    took = ", ".join(f"{ns:,.0f} with {x:.0f}" for x, ns in one)
    return Figure("faults", "Page faults by members of the memory fleet",
                  "Programs that touch fresh memory, one page to a fault, all at once; proc "
                  "gives each to the member with the fewest. "
                  + (f"A fault of one program alone takes, nanoseconds: {took} members. "
                     if took else "")
                  + "The emulated machine has two processors for members and programs.",
                  "members of mem", "thousand faults a second",
                  [s for s in curves(results, "faults") if s.name != "page fault"],
                  "mem-bench all", least_y=0, ticks=[x for x, _ in one])


def size(count):
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.0f} GiB"


def has_data(part):
    if isinstance(part, Table):
        return bool(part.rows)
    return any(series.points for series in part.series if not series.quoted)


def every_part(results):
    return [table_5_1(results), table_5_2(results), figure_5_1(results),
            figure_5_2(results), figure_policy_ratio(results), table_kernel(results),
            figure_clients(results), figure_load(results), table_silent(results),
            table_wake(results), figure_rpc(results), table_names(results),
            table_posix(results), figure_pages(results), figure_page(results),
            figure_pool(results), figure_faults(results), table_host(results),
            table_guest(results)]


def all_parts(results):
    """The report from top to bottom, without what has no data."""
    return [part for part in every_part(results) if has_data(part)]


def parts_without_data(results):
    return [part for part in every_part(results) if not has_data(part)]
