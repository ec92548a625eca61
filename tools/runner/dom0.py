# SPDX-License-Identifier: MIT
"""The machine with a small Linux dom0, and commands run in it.

What is booted, the configuration and dom0's /init travel in a second cpio behind the
cached initramfs; Linux unpacks both.
"""
import os
import re
import shlex
import signal
import subprocess
import time

from .machine import Machine
from .paths import ARCHIVE, KERNEL, ROOT, RunError, in_root, need_files, newer

RECIPE = "xen/build-dom0"
DOM0_KERNEL = "build/dom0/vmlinux"
DOM0_INITRD = "build/dom0/initrd"
CONFIG = "xen/fos.cfg"
DOM0_MB = 224
XEN_MB = 192
BOOT_SECONDS = 300
POLL_SECONDS = 0.5
LINUX_ARGS = ("console=hvc0 quiet loglevel=3 rdinit=/init mitigations=off "
              "nomodeset random.trust_cpu=on tsc=reliable audit=0 selinux=0")
XL_CONF = 'autoballoon="off"\n'


def build_if_needed(say):
    if newer(in_root(DOM0_INITRD), in_root(RECIPE)):
        return
    say("making dom0 from Debian's packages (once, about 10 s after the download)")
    recipe = subprocess.Popen([in_root(RECIPE)], start_new_session=True)
    try:
        if recipe.wait() != 0:
            raise RunError(f"{RECIPE} did not succeed")
    except KeyboardInterrupt:
        os.killpg(recipe.pid, signal.SIGTERM)
        recipe.wait()
        raise


def cpio_entry(name, mode, data):
    """One member of a cpio archive of the kind `newc`."""
    path = name.encode() + b"\0"
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
    head += bytes(-len(head) % 4)
    return head + data + bytes(-len(data) % 4)


def cpio_archive(files):
    """`files`: path -> (mode, bytes); their folders are made as needed."""
    folders = set()
    for name in files:
        while "/" in name:
            name = name.rpartition("/")[0]
            folders.add(name)
    parts = [cpio_entry(name, 0o40755, b"") for name in sorted(folders)]
    parts += [cpio_entry(name, 0o100000 | mode, data)
              for name, (mode, data) in files.items()]
    return b"".join(parts) + cpio_entry("TRAILER!!!", 0, b"")


def read(path):
    with open(os.path.join(ROOT, path), "rb") as file:
        return file.read()


def initrd_with(payload):
    """A file without a name: the cached initramfs and `payload` behind it."""
    base = read(DOM0_INITRD)
    content = base + bytes(-len(base) % 4) + payload
    file = os.memfd_create("initrd")
    while content:
        content = content[os.write(file, content):]
    return file


class Dom0:
    """`on_console` gets the bytes of the guests' consoles; `on_keys` says what of typed keys
    the guest gets; `on_turn` is called after each poll() with whether nothing came, and says how
    long the next may last; `files`() gives name -> bytes for
    the folder where commands are run; it is called when dom0's own files are there."""

    def __init__(self, guest_mb, accel="tcg", pcpus=2, on_console=None, on_log=None,
                 files=None, kernel="", archive="", say=lambda text: None,
                 dom0_mb=DOM0_MB):
        build_if_needed(say)
        need_files(kernel or KERNEL, archive or ARCHIVE)
        self.on_console = on_console or (lambda data: None)
        self.on_log = on_log or (lambda data: None)
        self.on_keys = lambda data: data
        self.on_turn = lambda silent: POLL_SECONDS
        self.turn = POLL_SECONDS   # how long the next poll() may last
        self.start = time.monotonic()
        self.control = b""
        self.ready = None          # dom0's own uptime when it was ready
        self.answers = {}          # id -> lines so far
        self.statuses = {}         # id -> exit status
        self.next_id = 1
        self.ended = False
        initrd = initrd_with(self.payload(kernel or KERNEL, archive or ARCHIVE, files))
        self.machine = Machine(
            [f"{DOM0_KERNEL} {LINUX_ARGS}", f"/proc/self/fd/{initrd}"],
            f"dom0_mem={dom0_mb}M,max:{dom0_mb}M dom0_max_vcpus=1",
            dom0_mb + XEN_MB + guest_mb + guest_mb // 40, accel, pcpus,
            ports=("console", "control"), inherit=initrd)

    def payload(self, kernel, archive, files):
        content = {"init": (0o755, read("xen/dom0-init")),
                   "etc/xen/xl.conf": (0o644, XL_CONF.encode()),
                   f"fos/{KERNEL}": (0o644, read(kernel)),
                   "fos/build/boot.cpio": (0o644, read(archive)),
                   f"fos/{CONFIG}": (0o644, read(CONFIG))}
        for name, data in (files() if files else {}).items():
            content[f"fos/{name}"] = (0o644, data)
        return cpio_archive(content)

    def poll(self, seconds):
        """Move bytes for up to `seconds`; False once the machine has ended."""
        silent = True
        for name, data in self.machine.poll(min(seconds, self.turn)):
            silent = False
            if name == "com1":
                self.ended |= not data
                self.on_log(data)
            elif name == "console":
                self.on_console(data)
            elif name == "control":
                self.take_control(data)
            elif name == "keys":
                self.machine.send("console", self.on_keys(data))
        self.turn = self.on_turn(silent)
        return not self.ended

    def take_control(self, data):
        *lines, self.control = (self.control + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace")
            found = re.fullmatch(r"(\d+)([|=])(.*)", text)
            if text.startswith("ready "):
                self.ready = float(text.split()[1])
            elif found and found[2] == "|":
                self.answers[int(found[1])].append(found[3])
            elif found:
                self.statuses[int(found[1])] = int(found[3])

    def wait(self, condition, seconds):
        """Poll until condition() holds; False when it did not within `seconds`."""
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            if left <= 0 or not self.poll(min(left, POLL_SECONDS)):
                return condition()
        return True

    def wait_ready(self, seconds=BOOT_SECONDS):
        if not self.wait(lambda: self.ready is not None, seconds):
            raise RunError("dom0 did not come up")
        return time.monotonic() - self.start

    def send(self, command):
        """Start a shell command in dom0; returns its id."""
        self.machine.send("control", f"{self.next_id} {command}\n".encode())
        self.answers[self.next_id] = []
        self.next_id += 1
        return self.next_id - 1

    def command(self, command, seconds=60):
        """Run a shell command in dom0: (exit status, its output)."""
        number = self.send(command)
        if not self.wait(lambda: number in self.statuses, seconds):
            raise RunError(f"dom0 did not finish in {seconds} s: {command}")
        return self.statuses[number], "\n".join(self.answers[number]).rstrip("\n")

    def create(self, command_line="", *settings, config=CONFIG):
        """Start `xl create -F`; returns its id.  It ends when the guest has."""
        words = ["xl", "create", "-F", config, *settings]
        if command_line:
            quoted = command_line.replace("\\", "\\\\").replace('"', '\\"')
            words.append(f'extra="{quoted}"')
        return self.send(shlex.join(words))

    def destroy_guests(self, seconds=60):
        """What still runs ends now."""
        self.command("for d in $(xl list | awk 'NR > 2 { print $2 }'); "
                     "do xl destroy $d; done", seconds)

    def stop(self):
        self.machine.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
