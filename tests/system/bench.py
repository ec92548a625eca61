# SPDX-License-Identifier: MIT
"""The evaluation with very few samples: what it needs is measured, and reported."""
import json
import os
import subprocess
import sys
import tempfile

from runner.paths import ROOT
from runner.session import Terminal
from system_tests import case, check, skip

REPORT = os.path.join(ROOT, "tests/bench/report")
sys.path.insert(0, REPORT)
import content                                           # noqa: E402
import goals                                             # noqa: E402
import session                                           # noqa: E402
import write                                             # noqa: E402
from results import GUEST, LINUX, Results                # noqa: E402

KEYS = {"suite", "name", "unit", "n", "min", "median", "p99", "p999", "emulated",
        "unsteady", "machine", "date", "tsc_mhz"}
CURVES = {"size": 19, "policy": 50, "clients": 4, "load": 6, "silent": 3, "rpc": 7,
          "pages": 5}
TABLE_5_2_ROWS = {"guest: minimal IPC", "guest: minimal IPC, no pause",
                  "guest: user channel echo", "guest: typed RPC", "guest: fast RPC"}
LINUX_ROWS = {"minimal IPC", "getpid", "futex echo", "pipe echo 32 B",
              "Unix socket echo 32 B"}
POSIX_ROWS = 9
SECONDS = 900
STARVED = 75             # echo-bench's status
TRIES = 2                # of what may find the host busy
NO_PROCESSORS = f"the host had no two processors free, {TRIES} times"


def whole(records):
    for record in records:
        missing = KEYS - set(record)
        check(not missing, f"{record.get('name')}: no {sorted(missing)}")
        check(record["n"] > 0 and 0 <= record["min"] <= record["median"] <= record["p99"]
              <= record["p999"], f"{record}")


@case("the host benchmark's JSON is complete")
def host(_):
    if len(os.sched_getaffinity(0)) < 2:
        skip("the host has one processor")
    records = session.host_bench(1, show=False)
    whole(records)
    check("minimal IPC" in {record["name"] for record in records}, f"{records}")


def echo_bench(accel, *words):
    """`tools/run --quick WORDS`: how it ended, and its records."""
    with tempfile.NamedTemporaryFile() as file:
        done = subprocess.run(
            [os.path.join(ROOT, "tools/run"), "--quick", "--accel", accel, "--memory", "192",
             "--timeout", str(SECONDS), "--json", file.name, *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS + 20)
        text = file.read()
    return done, session.tagged(json.loads(text) if text else [], GUEST)


@case("on one processor the benchmark waits for a second one, and then says why it ends")
def one_processor(accel):
    done, records = echo_bench(accel, "--cpus", "1", "--vcpus", "4", "echo-bench", "all", "1")
    check(done.returncode == STARVED, f"status {done.returncode}\n{done.stdout[-500:]}")
    check("waiting for two processors .." in done.stdout
          and "the host has no two processors" in done.stdout, done.stdout[-500:])
    check(not records, f"{records[:1]}")


@case("every suite of the benchmark runs in the guest; its JSON is complete")
def suites(accel):
    for _ in range(TRIES):
        done, records = echo_bench(accel, "--vcpus", "16", "echo-bench", "all", "1")
        if done.returncode != STARVED:
            break
    else:
        skip(NO_PROCESSORS)
    check(done.returncode == 0, f"status {done.returncode}\n{done.stdout[-1500:]}"
          f"{done.stderr[-500:]}")
    check("not given back" not in done.stdout, done.stdout[-500:])
    whole(records)
    results = Results({"records": records, "emulated": True})
    for suite, points in CURVES.items():
        for name in results.names(suite):
            if len(results.curve(suite, name)) > 1:
                check(len(results.curve(suite, name)) >= points - 5,
                      f"{suite}, {name}: {len(results.curve(suite, name))} points")
        longest = max(len(results.curve(suite, name)) for name in results.names(suite))
        check(longest >= points, f"{suite}: {longest} points")
    rows = {row[0] for row in content.table_5_2(results).rows}
    check(rows == TABLE_5_2_ROWS, f"{rows}")
    check(goals.kernel_parts(results) and goals.policy_worst(results, "hybrid"),
          "what goals are made of")
    check(results.names("name"), "no names")


def fos_echo(guests):
    for _ in range(TRIES):
        try:
            return guests.fos("echo-bench echo 1", SECONDS)
        except session.Unfinished as why:
            if why.status != STARVED:
                raise
    return skip(NO_PROCESSORS)


@case("fos and Linux run on one Xen, and the report is made of both")
def both_guests(accel):
    with session.Session(accel, Terminal(echo=False).show) as guests:
        records = fos_echo(guests)
        records += guests.fos("posix-bench 5", SECONDS, session.POSIX_VCPUS)
        records += guests.linux(1, SECONDS)
        check(guests.xen_version().startswith("4."), guests.xen_version())
    whole(records)
    results = Results({"records": records, "emulated": accel == "tcg", "quick": True,
                       "left_out": "much", "date": "now", "machine": {"a": "test"}})
    check({r["name"] for r in results.select(LINUX, "linux guest")} == LINUX_ROWS
          and len(results.select(LINUX, "posix")) == POSIX_ROWS,
          f"{results.names(None, LINUX)}")
    check(len(content.table_posix(results).rows) == POSIX_ROWS
          and len(results.select(GUEST, "posix")) == POSIX_ROWS, "POSIX on fos")
    rows = content.table_5_1(results).rows
    check(len(rows) == 4 + len(LINUX_ROWS), f"{rows}")
    with tempfile.TemporaryDirectory() as folder:
        page = write.write(results, folder)
        with open(page) as file:
            check("Linux, a PV guest on the same Xen" in file.read(), "no Linux guest")
