#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs fuzz targets: their seeds, then new inputs for a while.

A while is counted in seconds of processor, so that a loaded machine tries no less.
Prints `ok` or `FAIL` lines.  With --keep what was learnt stays in build/fuzz/corpus/;
an input that breaks something is kept in build/fuzz/ in any case: give it to the
target's program to see it again.  A target built without libFuzzer runs its seeds only.
"""
import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

from seeds import SEEDS

FOLDER = os.path.join("build", "fuzz")
SLOW_SECONDS = 20  # for one input
WALL_MOST = 20     # times the seconds of processor: then it is enough


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3, help="of processor, for each target")
    parser.add_argument("--keep", action="store_true", help="keep the corpus")
    parser.add_argument("targets", nargs="+")
    return parser.parse_args()


def run(command, seconds):
    """What was wrong (None: nothing), and the output."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              errors="replace", timeout=20 * seconds + 120, check=False,
                              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    except subprocess.TimeoutExpired:
        return "it does not end", ""
    if done.returncode == 0:
        return None, done.stdout
    why = re.search(r"not so: .*|ERROR: \w+: .*|runtime error: .*", done.stdout)
    kept = re.search(r"Test unit written to (\S+)", done.stdout)
    return ((why[0] if why else f"status {done.returncode}") +
            (f" ({kept[1]})" if kept else "")), done.stdout


def processor_seconds():
    """Of the programs that were run so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def new_inputs(command, seconds):
    """Goes on, with what was learnt, until the processor has spent so long on it.  What was
    wrong (None: nothing), inputs, edges, seconds of processor."""
    begin, last = processor_seconds(), time.monotonic() + WALL_MOST * seconds
    runs, edges, spent = 0, "?", 0
    while spent < seconds and time.monotonic() < last:
        # The program's own limit is a clock's.
        left = max(1, round(seconds - spent))
        wrong, output = run([*command, f"-max_total_time={left}"], seconds)
        spent = processor_seconds() - begin
        found = re.search(r"number_of_executed_units: *(\d+)", output)
        runs += int(found[1]) if found else 0
        edges = (re.findall(r"cov: (\d+)", output) or [edges])[-1]
        if wrong or not found:
            return wrong, runs, edges, spent
    return None, runs, edges, spent


def write_seeds(target):
    folder = os.path.join(FOLDER, "seeds", target)
    os.makedirs(folder, exist_ok=True)
    paths = [os.path.join(folder, str(number)) for number in range(len(SEEDS[target]))]
    for path, data in zip(paths, SEEDS[target]):
        with open(path, "wb") as file:
            file.write(data)
    return paths


def fuzz(target, seconds, corpus):
    program = os.path.join(FOLDER, f"fuzz_{target}")
    seeds = write_seeds(target)
    wrong, output = run([program, *seeds], seconds)
    line = f"fuzz: {target}: its {len(seeds)} seeds do no harm"
    print(f"FAIL {line}: {wrong}" if wrong else f"ok {line}", flush=True)
    if wrong or "libFuzzer" not in output and "Running:" not in output:
        return not wrong
    wrong, runs, edges, spent = new_inputs(
        [program, corpus, os.path.dirname(seeds[0]), "-rss_limit_mb=2048",
         f"-timeout={SLOW_SECONDS}", "-print_final_stats=1",
         f"-artifact_prefix={FOLDER}/{target}-"], seconds)
    if not wrong and not runs:
        wrong = "no input was run"
    line = f"fuzz: {target}: new inputs do no harm"
    print(f"FAIL {line}: {wrong}" if wrong else f"ok {line}")
    print(f"fuzz: {target}: {runs} inputs in {spent:.0f} s of processor, {edges} edges",
          flush=True)
    return not wrong


def main():
    arguments = parse_arguments()
    good = True
    for target in arguments.targets:
        if arguments.keep:
            corpus = os.path.join(FOLDER, "corpus", target)
            os.makedirs(corpus, exist_ok=True)
            good &= fuzz(target, arguments.seconds, corpus)
        else:
            with tempfile.TemporaryDirectory() as corpus:
                good &= fuzz(target, arguments.seconds, corpus)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
