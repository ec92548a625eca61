# SPDX-License-Identifier: MIT
"""gdb on fos's kernel, through QEMU's stub.

The machine starts frozen; gdb sets a hardware breakpoint on the kernel's entry (Xen has
yet to put the kernel there, so no other kind would survive) and runs up to it.  The
guest's console goes to build/console.log.  QEMU opens the stub's socket late, when it has
read what it boots: gdb waits for that.
"""
import os
import signal
import struct
import subprocess
import tempfile
import threading
import time

from .machine import die_with_parent
from .paths import KERNEL, ROOT, RunError, in_root, need_files
from .quick import QuickRun
from .session import STATUS_TIMEOUT, Deadline, Terminal

BATCH_SECONDS = 60
STUB_SECONDS = 60        # for QEMU to open the stub's socket
ANSWER_SECONDS = 30      # for an answer of the stub
ACCEPTS = "00010000"     # flags in /proc/net/unix of a socket that takes connections


def entry_point(path):
    with open(path, "rb") as file:
        return struct.unpack_from("<Q", file.read(32), 24)[0]


def gdb_command(socket, batch):
    command = ["gdb", "-q", "-nx", in_root(KERNEL),
               "-ex", "set confirm off", "-ex", "set pagination off",
               "-ex", f"set remotetimeout {ANSWER_SECONDS}",
               "-ex", f"target remote {socket}",
               "-ex", f"hbreak *{entry_point(in_root(KERNEL)):#x}", "-ex", "continue",
               "-ex", "delete"]
    if batch:
        command.insert(1, "-batch")
        for line in batch:
            command += ["-ex", line]
    return command


def accepts(path):
    """Whether the Unix socket `path` is there and takes connections."""
    with open("/proc/net/unix") as sockets:
        lines = [line.split() for line in sockets]
    return any(line[3] == ACCEPTS and line[7:] == [path] for line in lines)


def wait_for_stub(path, machine):
    deadline = Deadline(STUB_SECONDS)
    while not accepts(path):
        if not machine.alive():
            raise RunError(f"QEMU ended: {machine.complaint()}")
        if deadline.passed():
            raise RunError(f"QEMU did not let gdb in within {STUB_SECONDS} s")
        time.sleep(0.02)


def debug(options, batch):
    """gdb's exit status; the machine ends with gdb."""
    need_files(KERNEL)
    with tempfile.TemporaryDirectory(prefix="fos-gdb-") as folder:
        options.gdb = os.path.join(folder, "stub")
        options.timeout = 0
        machine_run = QuickRun(options, Terminal(echo=False), "tcg")
        drain = threading.Thread(target=machine_run.run, daemon=True)
        drain.start()
        try:
            wait_for_stub(options.gdb, machine_run.machine)
            return run_gdb(gdb_command(options.gdb, batch), bool(batch))
        finally:
            machine_run.machine.process.kill()
            drain.join()


def run_gdb(command, batch):
    if batch:
        try:
            return subprocess.call(command, cwd=ROOT, stdin=subprocess.DEVNULL,
                                   timeout=BATCH_SECONDS, preexec_fn=die_with_parent)
        except subprocess.TimeoutExpired:
            return STATUS_TIMEOUT
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)    # Ctrl-C is gdb's
    try:
        return subprocess.call(command, cwd=ROOT, preexec_fn=restore_interrupt)
    finally:
        signal.signal(signal.SIGINT, before)


def restore_interrupt():
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
