#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs fuzz targets: their seeds, then new inputs for a while.

Prints `ok` or `FAIL` lines.  With --keep what was learnt stays in build/fuzz/corpus/;
an input that breaks something is kept in build/fuzz/ in any case: give it to the
target's program to see it again.  A target built without libFuzzer runs its seeds only.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

from seeds import SEEDS

FOLDER = os.path.join("build", "fuzz")
SLOW_SECONDS = 20  # for one input


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3, help="of processor, each")
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
    wrong, output = run([program, corpus, os.path.dirname(seeds[0]),
                         f"-max_total_time={seconds}", "-rss_limit_mb=2048",
                         f"-timeout={SLOW_SECONDS}", "-print_final_stats=1",
                         f"-artifact_prefix={FOLDER}/{target}-"], seconds)
    runs = re.search(r"number_of_executed_units: *(\d+)", output)
    covered = re.findall(r"cov: (\d+)", output)
    if not wrong and not (runs and int(runs[1])):
        wrong = "no input was run"
    line = f"fuzz: {target}: new inputs do no harm"
    print(f"FAIL {line}: {wrong}" if wrong else f"ok {line}")
    print(f"fuzz: {target}: {runs[1] if runs else '?'} inputs in {seconds} s, "
          f"{covered[-1] if covered else '?'} edges", flush=True)
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
