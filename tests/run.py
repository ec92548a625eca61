#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the tests and ends with `N passed, N failed`.  `make test` builds, then calls this.

  host    the programs given with --host, each printing `ok SENTENCE` or
          `FAIL SENTENCE: WHY` a case; a crash or silence is a failure
  boot    every tests/boot/NAME under quick: program test-NAME, lines as above;
          tests/boot/NAME/scenario.json may say more (see tests/boot_tests.py)
  system  every case in tests/system/*.py; those marked xl share one booted dom0

--only picks by a part of `host:NAME`, `boot:NAME`, `system:FILE:CASE`.
"""
import argparse
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "tools")]
os.environ.setdefault("FOS_ARCHIVE", "build/test.cpio")
import boot_tests                                        # noqa: E402
import system_tests                                      # noqa: E402
from report import Report                                # noqa: E402
from runner import accel                                 # noqa: E402
from runner.machine import die_with_parent               # noqa: E402
from runner.paths import ROOT, RunError                  # noqa: E402

HOST_SECONDS = 600


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="run what has this in its name")
    parser.add_argument("--host", nargs="*", default=[], help="host test programs")
    parser.add_argument("--list", action="store_true", help="only name the tests")
    parser.add_argument("-v", "--verbose", action="store_true", help="show every case")
    return parser.parse_args()


def run_host(report, program):
    start = time.monotonic()
    try:
        done = subprocess.run([os.path.join(ROOT, program)], cwd=ROOT, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=HOST_SECONDS,
                              errors="replace", preexec_fn=die_with_parent)
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, status = (late.stdout or b"").decode(errors="replace"), "a timeout"
    except OSError as error:
        output, status = "", str(error)
    failed_cases = status == 1 and "FAIL " in output
    complaints = [] if status == 0 or failed_cases else [f"ended with {status}"]
    report.program(host_name(program), output, complaints, time.monotonic() - start)


def host_name(program):
    return "host:" + "/".join(program.split("/")[-2:])


def matching(only, names):
    return [name for name in names if only in name]


def run_all(arguments, report):
    host = {host_name(path): path for path in arguments.host}
    boot = {f"boot:{test.name}": test for test in boot_tests.find()}
    system = {f"system:{case.name}": case for case in system_tests.find()}
    only = arguments.only
    if arguments.list:
        print("\n".join(matching(only, [*host, *boot, *system])))
        return 0
    chosen = matching(only, host)
    if chosen:
        report.heading(f"host programs ({len(chosen)})")
    for name in chosen:
        run_host(report, host[name])
    run_machines(only, boot, system, report)
    return report.finish()


def run_machines(only, boot, system, report):
    chosen_boot, chosen_system = matching(only, boot), matching(only, system)
    if not chosen_boot and not chosen_system:
        return
    accelerator = accel.choose(report.say)
    if chosen_boot:
        report.heading(f"boot tests: fos straight on Xen ({len(chosen_boot)})")
    for name in chosen_boot:
        boot_tests.run(report, boot[name], accelerator)
    if chosen_system:
        report.heading(f"system tests ({len(chosen_system)})")
        system_tests.run(report, [system[name] for name in chosen_system], accelerator)


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    arguments = parse_arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    report = Report(arguments.verbose)
    try:
        return run_all(arguments, report)
    except KeyboardInterrupt:
        report.fail("interrupted")
    except RunError as error:
        report.fail(str(error))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
