# SPDX-License-Identifier: MIT
"""Idle processes cost the host nothing."""
from runner.quick import QuickRun
from runner.session import Options, Terminal
from system_tests import case, check, skip
from terminal import cpu_seconds

IDLE = 12
SETTLE_SECONDS = 2.0
MEASURE_SECONDS = 6.0
MOST_PERCENT = 5.0       # of one processor of the host


def used_percent(run):
    """Of one processor, by the machine that `run` drives, over a while."""
    run.steps(SETTLE_SECONDS)
    before = cpu_seconds(run.machine.process.pid)
    run.steps(MEASURE_SECONDS)
    return 100 * (cpu_seconds(run.machine.process.pid) - before) / MEASURE_SECONDS


@case(f"{IDLE} idle processes on vCPUs of their own use under {MOST_PERCENT:.0f} % of a "
      "processor")
def crowd(accel):
    options = Options(app=f"test-act crowd {IDLE}", vcpus=IDLE + 4)
    with QuickRun(options, Terminal(echo=False), accel) as run:
        run.until(f"{IDLE} idle", 60)
        check(f"{IDLE} idle" in run.console.output(), run.console.output()[-800:])
        percent = used_percent(run)
    check(percent < MOST_PERCENT, f"they used {percent:.1f} %")


@case(f"a shell that waits for keys, and the fleets, use under {MOST_PERCENT:.0f} % of a "
      "processor")
def prompt(accel):
    with QuickRun(Options(app="sh"), Terminal(echo=False), accel) as run:
        run.until("# ", 60)
        if "cannot start sh" in run.console.output():
            skip("there is no shell in the boot archive")
        check("# " in run.console.output(), run.console.output()[-800:])
        percent = used_percent(run)
    check(percent < MOST_PERCENT, f"they used {percent:.1f} %")
