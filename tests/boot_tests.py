# SPDX-License-Identifier: MIT
"""Boot tests: each folder tests/boot/NAME is the program test-NAME, run under quick.

By default it gets no arguments, 128 MiB and 8 vCPUs, must print at least one case line,
must end with status 0 within two minutes and the machine must power off.  A file
scenario.json in the folder changes that; a list in it stands for several boots.  Keys:
  name      part of the test's name                   args     arguments of the program
  app       another program line instead              memory   MiB
  vcpus     of fos                                     pcpus    of the emulated machine
  extra     more words for fos's command line          timeout  seconds
  exit      the expected status (134: kernel crash)    expect   regular expressions that
  reject    ... that must not be on the console                 must be on the console
  archive   another than build/test.cpio; skipped where it could not be made
  json      what the JSON object on the console says: rows LIST, KEY, VALUE, {FIELD: WANTED}.
            In LIST is one with that VALUE of KEY, and with FIELDs as WANTED: [LEAST, MOST]
            of a number, or a regular expression for the whole of a string
With `expect`, each expression found is a case of its own, and with `json` each row.  A boot after which the first
process says that something was not given back has failed.
"""
import dataclasses
import glob
import json
import os
import re

from runner.machine import host_memory_mb
from runner.paths import ROOT
from runner.quick import QuickRun, xen_memory_mb
from runner.session import Options, Terminal

KEYS = {"name", "args", "app", "archive", "memory", "vcpus", "pcpus", "extra", "timeout", "exit",
        "expect", "reject", "json"}


@dataclasses.dataclass
class BootTest:
    name: str
    options: Options
    status: int
    expect: list
    reject: list
    json: list


def read_scenarios(folder):
    path = os.path.join(folder, "scenario.json")
    if not os.path.exists(path):
        return [{}]
    with open(path) as file:
        scenarios = json.load(file)
    scenarios = scenarios if isinstance(scenarios, list) else [scenarios]
    for scenario in scenarios:
        unknown = set(scenario) - KEYS
        if unknown:
            raise ValueError(f"{path}: unknown key {sorted(unknown)[0]}")
    return scenarios


def boot_test(folder, scenario):
    name = os.path.basename(folder)
    app = f"test-{name} {scenario.get('args', '')}".strip()
    options = Options(app=scenario.get("app", app), timeout=scenario.get("timeout", 120))
    for key in ("archive", "memory", "vcpus", "pcpus", "extra"):
        if key in scenario:
            setattr(options, key, scenario[key])
    if scenario.get("name"):
        name += "." + scenario["name"]
    return BootTest(name, options, scenario.get("exit", 0), scenario.get("expect", []),
                    scenario.get("reject", []), scenario.get("json", []))


def find():
    # A folder may hold nothing but scenarios of programs that exist anyway.
    folders = sorted({os.path.dirname(path) for kind in ("main.c", "scenario.json")
                      for path in glob.glob(os.path.join(ROOT, "tests/boot/*", kind))})
    return [boot_test(folder, scenario)
            for folder in folders for scenario in read_scenarios(folder)]


def json_of(output):
    """The first JSON object that begins a line, or {}."""
    begin = re.search(r"^\{", output, re.M)
    try:
        return json.JSONDecoder().raw_decode(output, begin.start())[0] if begin else {}
    except json.JSONDecodeError:
        return {}


def is_wanted(value, wanted):
    if isinstance(wanted, str):
        return isinstance(value, str) and re.fullmatch(wanted, value) is not None
    return isinstance(value, (int, float)) and wanted[0] <= value <= wanted[1]


def json_line(said, row):
    """The case line of one row of `json`."""
    where, key, value, fields = row
    found = [entry for entry in said.get(where, []) if entry.get(key) == value]
    shown = [{field: entry.get(field) for field in fields} for entry in found]
    sentence = f"among {where}, {key} {value} has {json.dumps(fields)}"
    if any(all(is_wanted(entry[field], wanted) for field, wanted in fields.items())
           for entry in shown):
        return f"ok {sentence}"
    return f"FAIL {sentence}: {json.dumps(shown)}"


def judge(test, result):
    """(case lines made of the expectations, what was wrong with the run)."""
    complaints = []
    if result.status != test.status:
        complaints.append(f"ended with {result.status} ({result.reason}), "
                          f"not {test.status}")
    kept = re.search(r"^proc: (not given back: .*)", result.output, re.M)
    if kept:
        complaints.append(kept[1])
    lines = []
    for pattern in test.expect:
        found = re.search(pattern, result.output, re.M)
        lines.append(f"ok the console shows /{pattern}/" if found else
                     f"FAIL the console shows /{pattern}/: it does not")
    for pattern in test.reject:
        found = re.search(pattern, result.output, re.M)
        lines.append(f"ok the console never shows /{pattern}/" if not found else
                     f"FAIL the console never shows /{pattern}/: {found[0]}")
    said = json_of(result.output) if test.json else {}
    lines += [json_line(said, row) for row in test.json]
    return lines, complaints


def run(report, test, accel):
    if xen_memory_mb(test.options.memory) > host_memory_mb():
        report.skip(f"boot:{test.name}: needs {xen_memory_mb(test.options.memory)} MiB "
                    f"of memory, {host_memory_mb()} are free")
        return
    archive = test.options.archive
    if archive and not os.path.exists(os.path.join(ROOT, archive)):
        report.skip(f"boot:{test.name}: there is no {archive}: its source is missing")
        return
    result = QuickRun(test.options, Terminal(echo=False), accel).run()
    lines, complaints = judge(test, result)
    output = result.output
    if complaints:
        output += "\n" + "\n".join(result.xen[-8:])
    report.program(f"boot:{test.name}", "\n".join([output, *lines]), complaints,
                   result.seconds)
