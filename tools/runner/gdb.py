# SPDX-License-Identifier: MIT
"""gdb on fos's kernel, through QEMU's stub.

The machine starts frozen; gdb sets a hardware breakpoint on the kernel's entry (Xen has
yet to put the kernel there, so no other kind would survive) and runs up to it.  The
guest's console goes to build/console.log.
"""
import os
import signal
import struct
import subprocess
import tempfile
import threading

from .machine import die_with_parent
from .paths import KERNEL, ROOT, in_root, need_files
from .quick import QuickRun
from .session import STATUS_TIMEOUT, Terminal

BATCH_SECONDS = 60


def entry_point(path):
    with open(path, "rb") as file:
        return struct.unpack_from("<Q", file.read(32), 24)[0]


def gdb_command(socket, batch):
    command = ["gdb", "-q", "-nx", in_root(KERNEL),
               "-ex", "set confirm off", "-ex", "set pagination off",
               "-ex", f"target remote {socket}",
               "-ex", f"hbreak *{entry_point(in_root(KERNEL)):#x}", "-ex", "continue",
               "-ex", "delete"]
    if batch:
        command.insert(1, "-batch")
        for line in batch:
            command += ["-ex", line]
    return command


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
