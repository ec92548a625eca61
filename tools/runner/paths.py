# SPDX-License-Identifier: MIT
"""Where things are, and what has to be there before anything can be booted."""
import glob
import gzip
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
KERNEL = "build/fos.elf"
ARCHIVE = os.environ.get("FOS_ARCHIVE", "build/boot.cpio")
XEN = "build/xen"


class RunError(Exception):
    """Something on this side of the machine is wrong; the text says what to do."""


def in_root(path):
    return os.path.join(ROOT, path)


def newer(path, than):
    """Whether file `path` exists and is no older than the file `than`."""
    try:
        return os.stat(path).st_mtime >= os.stat(than).st_mtime
    except FileNotFoundError:
        return False


def xen_image():
    """The hypervisor, unpacked to build/xen: QEMU's multiboot loader takes no gzip."""
    packed = sorted(glob.glob("/boot/xen-4.*-amd64.gz"))
    if not packed:
        raise RunError("no Xen in /boot: run tools/setup")
    target = in_root(XEN)
    if not newer(target, packed[-1]):
        os.makedirs(BUILD, exist_ok=True)
        with gzip.open(packed[-1]) as source, open(target + ".new", "wb") as image:
            image.write(source.read())
        os.replace(target + ".new", target)
    return XEN


def need_files(*names):
    for name in names:
        if not os.path.exists(in_root(name)):
            raise RunError(f"{name} is missing: run make")
