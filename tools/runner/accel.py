# SPDX-License-Identifier: MIT
"""Hardware virtualisation or software emulation: decided by trying, remembered.

That /dev/kvm opens proves nothing: Xen inside may fault, and a guest's `syscall` may
never arrive.  So the proof is a quick boot under KVM in which the first process runs
far enough to report that an application does not exist.
"""
import os
import platform

from .paths import BUILD
from .quick import QuickRun
from .session import Options, Terminal

VERDICT = os.path.join(BUILD, "kvm.verdict")
PROBE_SECONDS = 10
NOT_FOUND = 127


def machine_key():
    qemu = os.stat("/usr/bin/qemu-system-x86_64").st_mtime_ns
    return f"{platform.release()} {platform.node()} {qemu}"


def probe():
    options = Options(app="no-such-application", timeout=PROBE_SECONDS)
    result = QuickRun(options, Terminal(echo=False), "kvm").run()
    if result.status == NOT_FOUND:
        return "yes"
    return "no: Xen's own start failed" if not any(
        "Brought up" in line for line in result.xen) else "no: a PV guest failed"


def known_verdict(key):
    try:
        with open(VERDICT) as file:
            found_key, verdict = file.read().splitlines()
    except (FileNotFoundError, ValueError):
        return None
    return verdict if found_key == key else None


def choose(say, again=False):
    """The name of QEMU's accelerator to use; says why."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        say("software emulation (no /dev/kvm here)")
        return "tcg"
    key = machine_key()
    verdict = None if again else known_verdict(key)
    if verdict is None:
        say(f"trying KVM (once, up to {PROBE_SECONDS} s)")
        verdict = probe()
        with open(VERDICT, "w") as file:
            file.write(f"{key}\n{verdict}\n")
    if verdict == "yes":
        say("KVM")
        return "kvm"
    say(f"software emulation (KVM cannot run Xen here: {verdict[4:]})")
    return "tcg"
