# SPDX-License-Identifier: MIT
"""Runs the benchmarks: on the host, and in one dom0 session fos and then Linux."""
import glob
import json
import os
import re
import subprocess
import tempfile

from results import GUEST, HOST, LINUX, placement_rank, ratio
from runner.console import Console
from runner.dom0 import Dom0, cpio_archive, read
from runner.guest import Guest, pinning
from runner.machine import die_with_parent
from runner.paths import ROOT, RunError, need_files
from runner.session import Options

HOST_BENCH, HOST_POOL = "build/host/bench", "build/host/pool-bench"
SILENT, SILENT_PASSES = (1, 16, 254), 9
LINUX_INIT, LINUX_POSIX = "build/host/linux-init", "build/host/posix-bench"
LINUX_KERNEL = "build/dom0/vmlinux"
LINUX_ARCHIVE = "build/bench/linux.cpio"
LINUX_CONFIG = "xen/linux.cfg"
LINUX_MB = 192             # as its configuration says
DOM0_MB = 480              # it holds the Linux guest's kernel as well
FOS_VCPUS = 16             # eight senders and their receiver, each on its own
POSIX_VCPUS = 4            # fleets that wake each other wait less for a processor of two
FOS_MB = 192
PAGE_MEMBERS = 4           # at most that many members of page, and of mem
MEM_MEMBERS, MEM_VCPUS = (1, 2, 4), 8


class Unfinished(RunError):
    """A guest that did not come to a good end, and the records it made before."""

    def __init__(self, why, records, status=None):
        super().__init__(why)
        self.records, self.status = records, status


def last_words(guest):
    """What may tell why it ended: its last line, and xl's if it told no status."""
    lines = guest.console.output().split("\n")
    words = [line.strip() for line in lines if line.strip()][-1:]
    return " ".join(words + (guest.xl_said()[-3:] if guest.console.status is None else []))


def tagged(records, source):
    return [{**record, "source": source} for record in records]


def host_bench(rounds, silent=0, show=True):
    """The records of one run of the host benchmark; its table goes to the terminal."""
    need_files(HOST_BENCH)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [os.path.join(ROOT, HOST_BENCH), str(rounds), folder, str(silent)],
            stdout=None if show else subprocess.DEVNULL, check=False,
            preexec_fn=die_with_parent)
        found = glob.glob(os.path.join(folder, "host-*.json"))
        if done.returncode or not found:
            raise RunError(f"the host benchmark ended with {done.returncode}")
        with open(found[0]) as file:
            return tagged(json.load(file), HOST)


def host_silent(rounds):
    """The echo beside silent channels; their numbers take turns, and of each number the
    run with the middle ratio stands, of those with the processors best placed."""
    runs = {count: [] for count in SILENT}
    for _ in range(SILENT_PASSES):
        for count in SILENT:
            runs[count] += [r for r in host_bench(rounds, count, show=False)
                            if r["name"] != "minimal IPC"]
    return [middle_of_best(records) for records in runs.values() if records]


def middle_of_best(records):
    best = min(map(placement_rank, records))
    alike = [record for record in records if placement_rank(record) == best]
    return sorted(alike, key=ratio)[len(alike) // 2]


def host_pools(rounds):
    """Pools of pages between threads; the table goes to the terminal."""
    need_files(HOST_POOL)
    done = subprocess.run([os.path.join(ROOT, HOST_POOL), str(rounds)], text=True,
                          stdout=subprocess.PIPE, check=False,
                          preexec_fn=die_with_parent)
    if done.returncode:
        raise RunError(f"the pools' benchmark ended with {done.returncode}")
    lines = [line.partition("[json] ") for line in done.stdout.splitlines()]
    print("\n".join(line for line, mark, _ in lines if not mark))
    return tagged((json.loads(record) for _, mark, record in lines if mark), HOST)


def run_host(rounds, collection):
    collection.add("the host benchmark", host_bench, rounds)
    collection.add("the host's echo beside silent channels", host_silent,
                   max(1, rounds // SILENT_PASSES))
    collection.add("the pools on the host", host_pools, rounds)


def pages_runs():
    """The page fleet; then page faults, with 1, 2, ... members of the memory fleet:
    programs, and words for fos's command line."""
    return [("page-bench", f"insider page={PAGE_MEMBERS}")] + [
        ("mem-bench all", f"mem={members} page={min(members, 2)}")
        for members in MEM_MEMBERS]


def linux_archive():
    need_files(LINUX_INIT, LINUX_POSIX)
    return cpio_archive({"init": (0o755, read(LINUX_INIT)),
                         "posix-bench": (0o755, read(LINUX_POSIX))})


def linux_files():
    return {LINUX_CONFIG: read(LINUX_CONFIG), LINUX_ARCHIVE: linux_archive(),
            LINUX_KERNEL: read(LINUX_KERNEL)}


def linux_arguments(percent):
    """What the configuration says, and the part of the samples to take."""
    found = re.search(r'^extra *= *"(.*)"', read(LINUX_CONFIG).decode(), re.M)
    return f"{found[1]} percent={percent}"


class Session:
    """A dom0 in which the guests run one after the other."""

    def __init__(self, accel, show):
        self.show, self.log = show, b""
        self.pcpus = 2
        self.dom0 = Dom0(max(FOS_MB, LINUX_MB), accel, self.pcpus, on_log=self.take_log,
                         dom0_mb=DOM0_MB, files=linux_files)

    def take_log(self, data):
        self.log += data

    def xen_version(self):
        found = re.search(rb"Xen version (\S+)", self.log)
        return found[1].decode() if found else "unknown"

    def linux_version(self):
        return self.dom0.command("uname -r")[1]

    def fos(self, app, seconds, vcpus=FOS_VCPUS, extra=""):
        options = Options(app=app, vcpus=vcpus, memory=FOS_MB, pcpus=self.pcpus,
                          extra=extra)
        guest = Guest(self.dom0, options, self.show)
        ended = guest.wait_end(seconds)
        records = tagged(map(json.loads, guest.console.json), GUEST)
        if not ended:
            self.dom0.destroy_guests()
            raise Unfinished(f"`{app}` in fos did not end in {seconds} s", records)
        if guest.status() != 0:
            raise Unfinished(f"`{app}` in fos: status {guest.status()}; {last_words(guest)}",
                             records, guest.status())
        return records

    def linux(self, percent, seconds):
        console = Console("none", self.show)
        self.dom0.on_console = console.feed
        options = Options(vcpus=2, pcpus=self.pcpus)
        number = self.dom0.create(linux_arguments(percent), pinning(options),
                                  config=LINUX_CONFIG)
        ended = self.dom0.wait(lambda: number in self.dom0.statuses, seconds)
        records = tagged(map(json.loads, console.json), LINUX)
        if not ended:
            self.dom0.destroy_guests()
            raise Unfinished(f"the Linux guest did not end in {seconds} s", records)
        if not records:
            raise RunError("the Linux guest said nothing: "
                           + " ".join(self.dom0.answers[number]))
        return records

    def __enter__(self):
        self.dom0.wait_ready()
        return self

    def __exit__(self, *_):
        self.dom0.stop()
