# SPDX-License-Identifier: MIT
"""fos under xl: how it starts, how it ends, and what xl sees of it."""
import re

from runner.guest import Guest
from runner.session import Options
from system_tests import check, xl_case

START_SECONDS = 60
END_SECONDS = 60


def start(dom0, app="", pattern=None, settings=(), **options):
    guest = Guest(dom0, Options(app=app, **options), settings=settings)
    if pattern:
        check(guest.wait_output(pattern, START_SECONDS),
              f"/{pattern}/ did not appear:\n{guest.console.output()[-800:]}\n"
              + "\n".join(guest.xl_said()))
    return guest


def finish(guest, seconds=END_SECONDS):
    check(guest.wait_end(seconds),
          f"still running after {seconds} s:\n{guest.console.output()[-800:]}")


def run(dom0, app="", seconds=END_SECONDS, **options):
    guest = start(dom0, app, **options)
    finish(guest, seconds)
    return guest


def xl(dom0, command, seconds=60):
    status, output = dom0.command(command, seconds)
    check(status == 0, f"`{command}` ended with {status}: {output}")
    return output


@xl_case("xl create of the configuration as it is shows the echo benchmark's table")
def echo_table(dom0):
    guest = run(dom0, "echo-bench echo 20", seconds=300)
    output = guest.console.output()
    check(guest.status() == 0, f"status {guest.status()}\n{output[-1500:]}")
    for word in ("channel", "kernel", "median", "p99"):
        check(re.search(word, output, re.I), f"no `{word}` in\n{output[-1500:]}")
    check(guest.console.json, "no results for the runner")


@xl_case("an application's exit status comes through xl")
def exit_status(dom0):
    guest = run(dom0, "test-act exit 7")
    check(guest.ends() == ["poweroff"], f"xl saw {guest.ends()}")
    check(guest.status() == 7, f"status {guest.status()}")


@xl_case("arguments reach the application through xl as they were given")
def arguments(dom0):
    given, seen = r"a,b=$c;'d e'\f&|*", r"a,b=$c;d e\f&|*"
    guest = run(dom0, f"test-act {given}")
    check(f"what is `{seen}`?" in guest.console.output(), guest.console.output())


@xl_case("a faulting application ends with 139 and a line naming fault and address")
def fault(dom0):
    guest = run(dom0, "test-act fault")
    check(guest.status() == 139, f"status {guest.status()}")
    check(re.search(r"pid \d+ \(test-act\).*0x0*10\b", guest.console.output()),
          f"no such line in\n{guest.console.output()[-800:]}")


@xl_case("xl list shows fos with its memory and all its vCPUs online")
def listed(dom0):
    guest = start(dom0, "test-act stay", "staying", vcpus=4, memory=64)
    columns = xl(dom0, "xl list fos | tail -1").split()
    check(columns[0] == "fos" and columns[2] == "64", f"xl list: {columns}")
    online = xl(dom0, "xl vcpu-list fos | tail -n +2")
    check(len(online.splitlines()) == 4, f"xl vcpu-list:\n{online}")
    check(not re.search(r" --p |paused", online), f"not all online:\n{online}")
    xl(dom0, "xl destroy fos")
    finish(guest)


@xl_case("what is typed on xl's console reaches the application")
def typed(dom0):
    guest = start(dom0, "test-act read", "type")
    dom0.send("keys fos")
    dom0.machine.send("console", b"hello there\rend\r")
    check(guest.wait_output("got <hello there>", 30), guest.console.output()[-500:])
    finish(guest)
    check(guest.status() == 0, f"status {guest.status()}")


@xl_case("xl shutdown ends fos in order")
def shutdown(dom0):
    guest = start(dom0, "test-act stay", "staying")
    xl(dom0, "xl shutdown fos")
    finish(guest)
    check(guest.ends() == ["poweroff"], f"xl saw {guest.ends()}: {guest.xl_said()}")
    check("not given back" not in guest.console.output(), guest.console.output()[-800:])


@xl_case("a store client that is killed is followed by another: xl shutdown ends fos in order")
def store_killed(dom0):
    app = ("sh -c 'for i in 1 2 3 4 5 6; do until ps -a | grep -q store; do :; done; "
           "set -- $(ps -a | grep store); kill -9 $1; echo killed $i; done; sleep 1000'")
    guest = start(dom0, app, extra="mortal")
    check(guest.wait_output("killed 6", 5 * START_SECONDS),
          f"not all were followed by another:\n{guest.console.output()[-800:]}")
    xl(dom0, "xl shutdown fos")
    finish(guest)
    check(guest.ends() == ["poweroff"], f"xl saw {guest.ends()}: {guest.xl_said()}")
    check("the store client has ended; starting another" in guest.console.output(),
          guest.console.output()[-800:])


@xl_case("xl reboot ends fos and starts it again")
def reboot(dom0):
    guest = start(dom0, "test-act stay", "staying")
    xl(dom0, "xl reboot fos")
    check(guest.wait_output("staying", END_SECONDS, times=2),
          f"it did not come back: {guest.xl_said()}\n{guest.console.output()[-500:]}")
    check(guest.ends() == ["reboot"], f"xl saw {guest.ends()}")
    xl(dom0, "xl shutdown fos")
    finish(guest)
    check(guest.ends() == ["reboot", "poweroff"], f"xl saw {guest.ends()}")


@xl_case("a request to suspend is refused and fos goes on")
def suspend(dom0):
    guest = start(dom0, "test-act read", "type")
    path = "/local/domain/$(xl domid fos)/control/shutdown"
    xl(dom0, f"xenstore-write {path} suspend")
    xl(dom0, f"for i in 1 2 3 4 5 6 7 8 9 10; do "
             f"[ \"$(xenstore-read {path})\" ] || exit 0; sleep 1; done; exit 1")
    check(re.search("suspend", guest.console.output()), "no word about it")
    dom0.send("keys fos")
    dom0.machine.send("console", b"still here\rend\r")
    check(guest.wait_output("got <still here>", 30), guest.console.output()[-500:])
    finish(guest)


@xl_case("xl destroy leaves nothing of fos")
def destroy(dom0):
    guest = start(dom0, "test-act stay", "staying")
    xl(dom0, "xl destroy fos")
    finish(guest)
    check("fos" not in xl(dom0, "xl list"), "xl still lists it")


@xl_case("a crash of the kernel is a crash to xl, with a reason on the console")
def crash(dom0):
    xl(dom0, "head -c 2000 build/boot.cpio >build/broken.cpio")
    guest = run(dom0, "test-act exit 0", settings=['ramdisk="build/broken.cpio"'])
    check(guest.ends() == ["crash"], f"xl saw {guest.ends()}: {guest.console.output()}")
    check(guest.status() == 134, f"status {guest.status()}")
    check(re.search(r"^fos: boot archive: ", guest.console.output(), re.M),
          f"no reason given:\n{guest.console.output()}")


@xl_case("without a boot archive fos says so and crashes")
def no_archive(dom0):
    guest = run(dom0, "test-act exit 0", settings=['ramdisk=""'])
    check(guest.ends() == ["crash"], f"xl saw {guest.ends()}: {guest.console.output()}")
    check(re.search(r"^fos: boot archive: none was given", guest.console.output(), re.M),
          f"no reason given:\n{guest.console.output()}")


@xl_case("with 40 MiB of memory, beside the tests' archive, an application runs")
def least_memory(dom0):
    guest = run(dom0, "test-act exit 7", memory=40)
    check(guest.status() == 7, f"status {guest.status()}\n{guest.console.output()}")


@xl_case("with too little memory fos says so and ends")
def too_little_memory(dom0):
    guest = run(dom0, "test-act exit 0", memory=24)
    check(guest.status() != 0, "it ended with 0")
    check(re.search("memory", guest.console.output()),
          f"no word about memory in\n{guest.console.output()}\n{guest.xl_said()}")


@xl_case("on one vCPU fos runs and says that figures need more")
def one_vcpu(dom0):
    guest = run(dom0, "test-act exit 7", vcpus=1)
    check(guest.status() == 7, f"status {guest.status()}\n{guest.console.output()}")
    check("give the guest 4 or more" in guest.console.output(),
          f"no word about it\n{guest.console.output()}")


@xl_case("64 vCPUs come up")
def many_vcpus(dom0):
    guest = run(dom0, "test-act exit 7", vcpus=64, seconds=120)
    check(guest.status() == 7, f"status {guest.status()}\n{guest.console.output()}")
    check("fos: 64 vCPUs" in guest.console.output(), guest.console.output())
