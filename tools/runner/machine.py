# SPDX-License-Identifier: MIT
"""One QEMU with Xen in it.  It cannot outlive this process, however that ends."""
import ctypes
import os
import selectors
import signal
import socket
import subprocess

from .paths import BUILD, ROOT, RunError, xen_image

# What Xen 4.17 needs left out to run under the translator: with SMAP it kills a PV
# guest at its first bounce frame, with MONITOR its idle loop faults.
CPU_TCG = "EPYC,-smap,-smep,-monitor"
CPU_KVM = "host,-smap,-smep"
# eager-fpu: on AMD's models Xen switches vector registers when a guest first touches
# them, which it learns of by CR0.TS; the translator does not look at TS in XSAVE.
XEN_ARGS = ("console=com1 com1=115200,8n1 loglvl=info guest_loglvl=warning "
            "bootscrub=0 conswitch=` spec-ctrl=eager-fpu serial_tx_buffer=4M")
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def keep_priority(pid):
    """Give process `pid`, a session of its own, our niceness: Linux weighs sessions, each
    by a niceness that a new one does not inherit."""
    try:
        with open(f"/proc/{pid}/autogroup", "w") as group:
            group.write(str(os.nice(0)))
    except OSError:
        pass                          # no such groups here, or not allowed to raise it


def host_memory_mb():
    with open("/proc/meminfo") as info:
        for line in info:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) // 1024
    return 1 << 20


class Machine:
    """`ports` are byte streams beside the serial line "com1"; dom0 sees each as
    /dev/virtio-ports/NAME.  poll() yields (stream, bytes), b"" when it closed.
    `inherit` is a file that QEMU is given open."""

    def __init__(self, modules, xen_args, memory_mb, accel="tcg", pcpus=2, ports=(),
                 extra=(), inherit=-1):
        if memory_mb > host_memory_mb():
            raise RunError(f"the machine needs {memory_mb} MiB of memory, "
                           f"{host_memory_mb()} MiB are free here")
        self.streams = {}
        self.remote = []
        self.selector = selectors.DefaultSelector()
        self.process = None
        cpu = CPU_KVM if accel == "kvm" else CPU_TCG
        command = ["qemu-system-x86_64", "-accel", accel, "-cpu", cpu,
                   "-m", str(memory_mb), "-smp", str(pcpus), "-nodefaults",
                   "-display", "none", "-no-reboot", "-no-user-config",
                   "-kernel", xen_image(), "-append", f"{XEN_ARGS} {xen_args}",
                   "-initrd", ",".join(m.replace(",", ",,") for m in modules)]
        command += self.add_stream("com1") + ["-serial", "chardev:com1"]
        if ports:
            command += ["-device", "virtio-serial-pci"]
        for name in ports:
            command += self.add_stream(name)
            command += ["-device", f"virtserialport,chardev={name},name={name}"]
        self.start(command + list(extra), inherit)

    def add_stream(self, name):
        ours, theirs = socket.socketpair()
        self.streams[name] = ours
        self.remote.append(theirs)
        self.selector.register(ours, selectors.EVENT_READ, name)
        return ["-chardev", f"socket,id={name},fd={theirs.fileno()}"]

    def start(self, command, inherit):
        os.makedirs(BUILD, exist_ok=True)
        self.errors = open(os.path.join(BUILD, f"qemu.{os.getpid()}.err"), "w+")
        os.unlink(self.errors.name)
        files = [stream.fileno() for stream in self.remote]
        try:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=self.errors,
                stderr=self.errors, pass_fds=files + ([inherit] if inherit >= 0 else []),
                start_new_session=True, preexec_fn=die_with_parent)
        except FileNotFoundError:
            raise RunError("qemu-system-x86_64 is missing: run tools/setup") from None
        for stream in self.remote:
            stream.close()
        if inherit >= 0:
            os.close(inherit)
        keep_priority(self.process.pid)

    def poll(self, seconds):
        """(name, bytes) of every stream that has something within `seconds`."""
        for key, _ in self.selector.select(seconds):
            try:
                data = os.read(key.fd, 65536)
            except ConnectionResetError:
                data = b""
            if not data:
                self.selector.unregister(key.fileobj)
            yield key.data, data

    def watch(self, fd, name):
        """Let poll() yield what can be read from `fd`, too."""
        self.selector.register(fd, selectors.EVENT_READ, name)

    def send(self, name, data):
        try:
            self.streams[name].sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def alive(self):
        return self.process.poll() is None

    def complaint(self):
        """What QEMU said, but for the features its translator lacks."""
        self.errors.seek(0)
        return "".join(line for line in self.errors
                       if "doesn't support requested feature" not in line).strip()

    def stop(self):
        if self.process and self.alive():
            self.process.kill()
        if self.process:
            self.process.wait()
        self.selector.close()
        for stream in self.streams.values():
            stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
