# SPDX-License-Identifier: MIT
"""System tests: functions in tests/system/*.py.

    @case("a sentence that holds")           runs by itself
    @xl_case("a sentence that holds")        gets a Dom0 that the xl cases share

A case fails by raising; `check(condition, why)` does.  Cases of one dom0 run in the order
of the files; each leaves no guest behind (what is left is destroyed).
"""
import contextlib
import dataclasses
import glob
import importlib.util
import os
import time
import traceback

from runner.dom0 import Dom0
from runner.paths import ROOT, RunError

XL_GUEST_MB = 768     # room in the shared machine for its guests
CASES = []


@dataclasses.dataclass
class Case:
    name: str
    sentence: str
    run: object
    needs_dom0: bool


class CaseFailed(Exception):
    pass


class CaseSkipped(Exception):
    pass


def check(condition, why):
    if not condition:
        raise CaseFailed(why)


def skip(why):
    raise CaseSkipped(why)


def add(sentence, needs_dom0):
    def remember(function):
        file = os.path.basename(function.__code__.co_filename)[:-3]
        CASES.append(Case(f"{file}:{function.__name__}", sentence, function, needs_dom0))
        return function
    return remember


def case(sentence):
    return add(sentence, False)


def xl_case(sentence):
    return add(sentence, True)


def find():
    CASES.clear()
    for path in sorted(glob.glob(os.path.join(ROOT, "tests/system/*.py"))):
        name = os.path.basename(path)[:-3]
        spec = importlib.util.spec_from_file_location(f"system_{name}", path)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return list(CASES)


def run_case(report, one, *arguments):
    start = time.monotonic()
    try:
        one.run(*arguments)
        report.ok(one.sentence)
        verdict = "ok"
    except CaseSkipped as why:
        report.skip(f"{one.sentence}: {why}")
        verdict = "skipped"
    except (CaseFailed, RunError) as why:
        report.fail(f"{one.sentence}: {why}")
        verdict = "FAILED"
    except Exception:                         # noqa: BLE001: a broken case is a failure
        report.fail(f"{one.sentence}: the case itself broke")
        report.tail(traceback.format_exc())
        verdict = "FAILED"
    report.say(f"system:{one.name}: {verdict} ({time.monotonic() - start:.1f} s)")
    return verdict


class SharedDom0:
    """Boots when first asked for, again when a case broke it."""

    def __init__(self, accel, report):
        self.accel = accel
        self.report = report
        self.dom0 = None
        self.log = b""

    def get(self):
        if self.dom0 is None:
            self.log = b""
            self.dom0 = Dom0(XL_GUEST_MB, self.accel, on_log=self.take_log,
                             say=self.report.say)
            seconds = self.dom0.wait_ready()
            self.report.say(f"dom0 up in {seconds:.1f} s")
        return self.dom0

    def take_log(self, data):
        self.log += data

    def clean(self):
        """No guest stays behind; a dom0 that does not answer is not used again."""
        try:
            self.dom0.destroy_guests()
        except RunError:
            self.report.say("dom0 does not answer; booting another")
            self.report.tail(self.log.decode(errors="replace"))
            self.stop()

    def stop(self):
        if self.dom0:
            self.dom0.stop()
        self.dom0 = None


def run(report, cases, accel):
    shared = SharedDom0(accel, report)
    with contextlib.closing(contextlib.ExitStack()) as stack:
        stack.callback(shared.stop)
        for one in cases:
            if not one.needs_dom0:
                run_case(report, one, accel)
                continue
            try:
                dom0 = shared.get()
            except RunError as why:
                report.fail(f"{one.sentence}: {why}")
                report.tail(shared.log.decode(errors="replace"))
                shared.stop()
                continue
            run_case(report, one, dom0)
            shared.clean()
