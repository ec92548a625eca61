#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of the report, on the records of an earlier run (fixture.json)."""
import contextlib
import copy
import csv
import importlib.machinery
import importlib.util
import io
import json
import os
import re
import sys
import tempfile
import types
import xml.etree.ElementTree
from html.parser import HTMLParser

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path[:0] = [HERE, os.path.join(ROOT, "tools")]
import content                                           # noqa: E402
import goals                                             # noqa: E402
import page                                              # noqa: E402
import plot                                              # noqa: E402
import session                                           # noqa: E402
import thesis                                            # noqa: E402
import write                                             # noqa: E402
from collection import Collection                        # noqa: E402
from results import GUEST, HOST, LINUX, Results          # noqa: E402
from runner.paths import RunError                        # noqa: E402

# Every record that there is, in one table: what of it is to be seen is drawn elsewhere.
NOT_DRAWN = {"host", "guest"}
VOID = {"meta", "br", "hr", "img", "input", "link"}
CASES = []


def case(sentence):
    def remember(function):
        CASES.append((sentence, function))
        return function
    return remember


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def recorded():
    return Results.load(os.path.join(HERE, "fixture.json"))


def with_policies(**costs):
    """A run whose policies cost what the functions say of a count."""
    results = recorded()
    results.records = [r for r in results.records if r.get("suite") != "policy"]
    sample = copy.deepcopy(results.records[0])
    for name, cost in costs.items():
        for n in range(0, 1001):
            results.records.append({**sample, "suite": "policy", "source": GUEST, "x": n,
                                    "name": name.replace("_", " "), "unit": "cycles",
                                    "median": cost(n)})
    return results


def verdicts(results):
    return {goal.text: (goal.value, goal.verdict) for goal in goals.all_goals(results)}


class Balance(HTMLParser):
    """Every element that begins ends, in order; what is linked; identifiers."""

    def __init__(self):
        super().__init__()
        self.open, self.links, self.ids = [], [], []

    def handle_starttag(self, tag, attributes):
        self.links += [value for key, value in attributes
                       if key in ("src", "href", "xlink:href")]
        self.ids += [value for key, value in attributes if key == "id"]
        if tag in ("script", "link", "iframe"):
            self.links.append(f"<{tag}>")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        check(self.open and self.open[-1] == tag, f"</{tag}> in {self.open[-3:]}")
        self.open.pop()


def whole_page(results):
    return page.page(results, content.all_parts(results))


@case("the tables show the numbers of the records")
def numbers():
    results = recorded()
    text = whole_page(results)
    for source, name in ((GUEST, "kernel messaging echo 32 B"), (LINUX, "getpid"),
                         (HOST, goals.HOST_API)):
        record = results.select(source, None, name)[0]
        for field in ("median", "p99"):
            check(f">{page.number(record[field])}<" in text,
                  f"no {field} of {name}: {record[field]}")
        check(f">{page.number(record['ratio_to_minimal'])}<" in text, f"ratio of {name}")


@case("table 5.2 has messaging, typed and fast RPC beside the minimal IPC, on host and guest")
def both_sides():
    rows = {row[0]: row for row in content.table_5_2(recorded()).rows}
    for where in ("host", "guest"):
        for what in ("minimal IPC", "typed RPC", "fast RPC"):
            check(f"{where}: {what}" in rows, f"no {where}: {what} in {sorted(rows)}")
    check("host: full API echo" in rows and "guest: user channel echo" in rows, "no echo")
    record = recorded().guest("rpc", "fast RPC")
    check(rows["guest: fast RPC"][1] == record["median"], f"{rows['guest: fast RPC']}")


@case("the thesis's numbers stand beside ours, marked as its own")
def quoted():
    text = whole_page(recorded())
    for quote in ("618–1381 ns", "3117–5501 ns", "726–874 ns", "160.8 cycles",
                  "1479 cycles", "40,000 cycles"):
        check(quote in text, f"no {quote}")
    check(thesis.SOURCE in text, "its source")


@case("cycles become nanoseconds by the run's own clock")
def clock():
    results = recorded()
    record = results.guest("echo", "null system call")
    record.update(median=23000.0, tsc_mhz=2300.0)
    row = [row for row in content.table_5_1(results).rows if row[0] == "null system call"]
    check(row[0][3] == 10000.0, f"{row[0]}")


@case("a goal is met up to its limit, and not beyond")
def limits():
    for value, verdict in ((1.3, goals.MET), (1.301, goals.MISSED)):
        results = recorded()
        for record in results.select(HOST, None, goals.HOST_API):
            record["ratio_to_minimal"] = value
        check(verdicts(results)["Full API echo, to the minimal IPC"] == (value, verdict),
              f"{value}")


@case("a rate is reached from its goal on, and not below")
def rates():
    for value, verdict in ((60.0, goals.MET), (59.9, goals.MISSED)):
        results = recorded()
        for record in results.select(HOST, None, "full API one way 32 B"):
            record["median"] = value
        text = "One way through the full API, single messages of 32 B, M/s"
        check(verdicts(results)[text] == (value, verdict), f"{verdicts(results)[text]}")
        check("≥ 60" in whole_page(results), "the goal is not shown as a least one")


@case("what nothing measured is said to be so, on the page too")
def not_measured():
    results = recorded()
    results.records = [r for r in results.records if r["source"] == LINUX]
    check({verdict for _, verdict in verdicts(results).values()} == {goals.UNKNOWN},
          f"{verdicts(results)}")
    check(">not measured<" in whole_page(results), "no word on the page")


@case("the hybrid is judged at its worst count, and after a thousand messages")
def hybrid():
    results = with_policies(kernel_only=lambda n: 10 * n, user_only=lambda n: 100 + n,
                            hybrid=lambda n: 10 * n if n < 20 else 200 + n)
    found = verdicts(results)
    worst = [v for text, v in found.items() if "any count" in text][0]
    after = [v for text, v in found.items() if "after" in text][0]
    check(worst == (220 / 120, goals.MET), f"{worst}")
    check(after == (1200 / 1100, goals.MET), f"{after}")


@case("break-even and set-up are what the curves say")
def break_even():
    results = with_policies(kernel_only=lambda n: 10 * n, user_only=lambda n: 100 + n)
    kernel = results.curve("policy", goals.POLICY_KERNEL)
    user = results.curve("policy", goals.POLICY_USER)
    check(content.break_even(kernel, user) == 12, "break-even")
    check(content.setup_cost(user) == 100, "set-up")
    text = content.figure_5_2(results).text
    check("set-up 100 cycles, break-even at 12" in text, text)


@case("silent channels and kernel messaging are judged by their parts")
def by_parts():
    results = recorded()
    curve = results.select(GUEST, "silent")
    curve[0]["ratio_to_minimal"], curve[-1]["ratio_to_minimal"] = 1.0, 1.25
    results.guest("echo", "kernel messaging echo 32 B")["median"] = 300.0
    results.guest("echo", "null system call")["median"] = 100.0
    results.guest("echo", "copy of 32 B, four times")["median"] = 50.0
    found = verdicts(results)
    check(found["The same in the guest"] == (1.25, goals.MISSED),
          f"{found}")
    check(found["Kernel messaging echo, to two null system calls plus the copy"]
          == (1.2, goals.MET), f"{found}")


@case("from spawn to main is judged in milliseconds of the run's own clock")
def spawn_to_main():
    for median, verdict in ((10e6, goals.MET), (10.002e6, goals.MISSED)):
        results = recorded()
        record = results.guest("posix", goals.SPAWN_TO_MAIN)
        record.update(median=median, tsc_mhz=2000.0)
        value = verdicts(results)["From posix_spawn to the first line of main, ms"]
        check(value == (median / 2e6, verdict), f"{value}")


@case("page fault, spawn and pipe are judged beside Linux, and only with both measured")
def beside_linux():
    for what, name in goals.BESIDE_LINUX.items():
        text = f"{what}, to Linux in the same Xen"
        for median, verdict in ((500.0, goals.MET), (501.0, goals.MISSED)):
            results = recorded()
            fos, = results.select(GUEST, "posix", name)
            linux, = results.select(LINUX, "posix", name)
            fos.update(median=median, tsc_mhz=1000.0)
            linux.update(median=1000.0, tsc_mhz=2000.0)
            check(verdicts(results)[text] == (median / 500, verdict),
                  f"{verdicts(results)[text]}")
        results.records.remove(linux)
        check(verdicts(results)[text] == (None, goals.UNKNOWN), f"{name} without Linux")


@case("what is emulated, unsteady or quick is said")
def caveats():
    results = recorded()
    results.run.update(quick=True, emulated=True)
    results.guest("echo", "null system call")["unsteady"] = True
    text = whole_page(results)
    check("emulated, unsteady" in text, "unsteady")
    check("A quick run" in text and "QEMU translated" in text, "quick, emulated")
    results.run["emulated"], results.run["quick"] = False, False
    text = whole_page(results)
    check("A quick run" not in text and "QEMU translated" not in text, "neither")


def drawn_curves(picture):
    """How many series its SVG has, and its numbers behind bars."""
    text = plot.svg(picture)
    root = xml.etree.ElementTree.fromstring(text)
    check(root.tag.endswith("svg"), root.tag)
    plotted = len(re.findall(r'<g id="%s-gnuplot_plot_\d+' % picture.name, text))
    return plotted, text


@case("every plot is well-formed XML with one curve to a series")
def plots():
    for part in content.all_parts(recorded()):
        picture = content.picture_of(part)
        if isinstance(picture, content.Figure):
            count, _ = drawn_curves(picture)
            check(count == len([s for s in picture.series if s.points]),
                  f"{part.name}: {count} curves")


@case("a bar to each row of a table that has such, with its number and its name")
def bars():
    for part in content.all_parts(recorded()):
        picture = content.picture_of(part)
        if not isinstance(picture, content.Bars):
            continue
        count, text = drawn_curves(picture)
        check(count == 2 * len(picture.series), f"{part.name}: {count} groups")
        for series in picture.series:
            check(series.name in text, f"{part.name}: no {series.name}")
            for what, length in series.points:
                check(what in text and plot.length_label(length) in text,
                      f"{part.name}: no {what}")


@case("a table's bars are as long as its rows say, and the thesis's stand beside them")
def bar_lengths():
    results = recorded()
    table = content.table_5_1(results)
    ours = [p for s in table.picture.series[:-1] for p in s.points]
    check(ours == [(row[0], row[3]) for row in table.rows], f"{ours}")
    quoted_ns = [ns for _, ns in table.picture.series[-1].points]
    check(quoted_ns == [*thesis.USER_ECHO_NS, *thesis.KERNEL_ECHO_NS], f"{quoted_ns}")
    wake = content.table_wake(results)
    check(wake.picture.series[0].points == [(row[0], row[1]) for row in wake.rows], "wake")


@case("figure 5-1 has the thesis's 32-byte echoes as points, named in legend and caption")
def quoted_points():
    results = recorded()
    for record in results.select(GUEST, "size"):
        record["tsc_mhz"] = 2000.0
    figure = content.figure_5_1(results)
    found = [p for s in figure.series if s.quoted for p in s.points]
    check(found == [(32, 1479), (32, 1236.0), (32, 2762.0), (32, 6234.0), (32, 11002.0)],
          f"{found}")
    text = plot.svg(figure)
    for quote in ("1,479 of its cycles", "user, 618–1381 ns", "kernel, 3117–5501 ns"):
        check(quote in text, f"no {quote} in the legend")
    for quote in ("1,479 cycles", "618–1381 ns", "3117–5501 ns"):
        check(quote in figure.text, f"no {quote} in the caption")


@case("how many silent channels there were is said, and why not 256")
def silent_counts():
    results = recorded()
    part = content.table_silent(results)
    most = {source: max(r["x"] for r in results.select(source, "silent"))
            for source in (HOST, GUEST)}
    check(f"{most[GUEST]} in the guest and {most[HOST]} on the host, not 256" in part.text,
          part.text)
    shown = {s.name: s.points[-1][0] for s in part.picture.series}
    check(shown == most, f"{shown}")


@case("the page is balanced, its identifiers are unique, it needs no other file")
def self_contained():
    parser, text = Balance(), whole_page(recorded())
    parser.feed(text)
    check(not parser.open, f"left open: {parser.open}")
    outside = [link for link in parser.links if not link.startswith("#")]
    check(not outside, f"links to {outside}")
    check("url(" not in text.replace("url(#", "") and "@import" not in text, "url()")
    twice = {name for name in parser.ids if parser.ids.count(name) > 1}
    check(not twice, f"twice: {sorted(twice)[:5]}")


@case("each part is there as CSV, as JSON with the same rows and as SVG, on the page too")
def files():
    with tempfile.TemporaryDirectory() as folder:
        results = recorded()
        with open(write.write(results, folder)) as file:
            text = file.read()
        for part in content.all_parts(results):
            base = os.path.join(folder, part.name)
            with open(base + ".csv", newline="") as file:
                rows = list(csv.reader(file))
            with open(base + ".json") as file:
                data = json.load(file)
            check(rows[0] == data["columns"] and len(rows) - 1 == len(data["rows"]),
                  part.name)
            if part.name in NOT_DRAWN:
                continue
            check(os.path.exists(base + ".svg"), f"no {part.name}.svg")
            section = text[text.index(f'<section id="{part.name}">'):]
            check("<svg" in section[:section.index("</section>")],
                  f"no picture of {part.name} on the page")


def data_of(results):
    """Of every part what is in its files: its JSON; its CSV is checked to say the same."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        write.write(results, folder)
        for name in sorted(os.listdir(folder)):
            if not name.endswith(".json"):
                continue
            with open(os.path.join(folder, name)) as file:
                data = found[name.removesuffix(".json")] = json.load(file)
            with open(os.path.join(folder, name.replace(".json", ".csv")), newline="") as file:
                marks = [row[-1] for row in csv.reader(file)]
            check(marks == ["emulated", *(str(row[-1]) for row in data["rows"])],
                  f"{name}: {marks}")
    return found


@case("CSV and JSON of every part mark what is emulated, row by row, and the JSON its run")
def marked():
    results = recorded()
    data = data_of(results)
    check(set(data) == {"goals", *(part.name for part in content.all_parts(results))},
          f"{set(data)}")
    for name, part in data.items():
        check(part["date"] == results.run["date"]
              and part["machine"] == results.run["machine"], name)
        check(part["columns"][-1] == "emulated"
              and part["emulated"] == any(row[-1] for row in part["rows"]), name)
    by_series = {(name, row[0]): row[-1] for name, part in data.items()
                 for row in part["rows"]}
    for where, mark in ((("figure-5-1", "kernel messaging"), True),
                        (("figure-5-1", "user channel"), False),
                        (("figure-5-2", "hybrid"), True), (("policy-ratio", "hybrid"), True),
                        (("clients", "kernel messaging"), True),
                        (("clients", "user channel"), False),
                        (("kernel", "echo to that"), True), (("load", "p99"), False),
                        (("table-5-2", "host: fast RPC"), False),
                        (("goals", "Fast RPC, to the minimal IPC"), False),
                        (("goals", "The same in the guest"), True)):
        check(by_series[where] is mark, f"{where}: {by_series[where]}")
    check([row[-1] for row in data["guest"]["rows"]] == [
        r["emulated"] for r in results.select(GUEST)
        if r["suite"] not in ("policy", "size", "posix")], "the guest's records")


@case("what no emulator ran is marked so nowhere")
def unmarked():
    results = recorded()
    results.run["emulated"] = False
    for record in results.records:
        record["emulated"] = False
    for name, part in data_of(results).items():
        check(not part["emulated"], name)


def fake_guest(output, status):
    """In place of session.Guest: one that has said this, and ended so; None: it runs."""
    def create(dom0, options, show):
        guest = types.SimpleNamespace(console=session.Console("tag", show),
                                      wait_end=lambda seconds: status is not None,
                                      status=lambda: status, xl_said=lambda: [])
        guest.console.feed(output)
        guest.console.status = status
        return guest
    return create


def run_fake(output, status):
    """What Session.fos says of that guest: its records or the failure; guests destroyed."""
    guests, destroyed, real = session.Session.__new__(session.Session), [], session.Guest
    guests.show, guests.pcpus = lambda data: None, 2
    guests.dom0 = types.SimpleNamespace(destroy_guests=lambda: destroyed.append(True))
    session.Guest = fake_guest(output, status)
    try:
        return guests.fos("app", 1), destroyed
    except session.Unfinished as failure:
        return failure, destroyed
    finally:
        session.Guest = real


@case("a guest that fails, or does not end, leaves the records that it made before")
def unfinished():
    output = b'suite one\n[json] {"name": "one"}\n\nno two processors\n'
    record = {"name": "one", "source": GUEST}
    check(run_fake(output, 0) == ([record], []), "a good end")
    failure, destroyed = run_fake(output, 75)
    check(failure.records == [record] and failure.status == 75 and not destroyed,
          f"{failure.records}")
    check("status 75; no two processors" in str(failure), f"{failure}")
    failure, destroyed = run_fake(output, None)
    check(failure.records == [record] and destroyed, "the guest that hangs still runs")


@case("a part that fails takes no other with it, and is named")
def collected():
    def fail(error):
        raise error

    said = []
    got = Collection(said.append)
    got.add("first", lambda: [1])
    got.add("second", fail, session.Unfinished("why", [2], 75))
    got.add("third", fail, FileNotFoundError("no QEMU"))
    got.add("fourth", lambda *arguments: list(arguments), 3, 4)
    check(got.records == [1, 2, 3, 4], f"{got.records}")
    check(got.missing == [{"what": "second", "why": "why"},
                          {"what": "third", "why": "no QEMU"}], f"{got.missing}")
    check(len(said) == 2 and "second: why" in said[0], f"{said}")


class FakeSession:
    """Guests of which echo-bench is starved after its first suite."""

    def __init__(self, accel, show):
        self.records = recorded().records

    def fos(self, app, *_):
        if app.startswith("echo-bench"):
            raise session.Unfinished("no two processors", [
                r for r in self.records if r["source"] == GUEST and r["suite"] == "echo"], 75)
        return []

    def linux(self, *_):
        return [r for r in self.records if r["source"] == LINUX]

    def xen_version(self):
        return "4"

    linux_version = xen_version

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def run_with(session_class, folder):
    """The evaluation with these guests: its status and what it says."""
    loader = importlib.machinery.SourceFileLoader("run", os.path.join(HERE, "run"))
    run = importlib.util.module_from_spec(importlib.util.spec_from_loader("run", loader))
    loader.exec_module(run)
    host = [r for r in recorded().records if r["source"] == HOST]
    run.session = types.SimpleNamespace(
        Session=session_class, POSIX_VCPUS=4, MEM_VCPUS=8, pages_runs=session.pages_runs,
        run_host=lambda rounds, got: got.add("the host benchmark", lambda: host))
    run.accel = types.SimpleNamespace(choose=lambda say: "tcg")
    arguments, sys.argv = sys.argv, ["run", "--quick", "--out", folder]
    try:
        with contextlib.redirect_stderr(io.StringIO()) as said:
            return run.main(), said.getvalue()
    finally:
        sys.argv = arguments


def written(folder):
    with open(os.path.join(folder, "report.html")) as page_file, \
            open(os.path.join(folder, "run.json")) as run_file:
        return page_file.read(), json.load(run_file)


@case("a starved guest costs its suites, not the report, which names them; the status is 1")
def starved():
    with tempfile.TemporaryDirectory() as folder:
        status, said = run_with(FakeSession, folder)
        text, run = written(folder)
    check(status == 1, f"status {status}")
    check({(r["source"], r["suite"]) for r in run["records"]} >= {
        (HOST, "host"), (GUEST, "echo"), (LINUX, "linux guest")}, "records lost")
    check(run["missing"] == [{"what": "messages on fos", "why": "no two processors"}],
          f"{run['missing']}")
    check("missing: messages on fos: no two processors" in said, said)
    check("not in the report: Figure 5-2" in said, said)
    section = text[text.index("<h2>What is missing</h2>"):]
    section = section[:section.index("</section>")]
    for words in ("messages on fos", "no two processors", "Figure 5-1", "Figure 5-2"):
        check(words in section, f"no {words} in {section}")
    check("Table 5.1" not in section and "Table 5.1" in text, "table 5.1")


@case("without guests the host's records make a report; the status is 1")
def host_alone():
    def no_guests(*_):
        raise RunError("dom0 did not come up")

    with tempfile.TemporaryDirectory() as folder:
        status, said = run_with(no_guests, folder)
        text, run = written(folder)
    check(status == 1 and "missing: the guests: dom0 did not come up" in said, said)
    check({r["source"] for r in run["records"]} == {HOST}, "records")
    check("dom0 did not come up" in text, "the page is silent")


@case("a run from which nothing is missing says so by its status, and says nothing of it")
def complete():
    class Whole(FakeSession):
        def fos(self, app, *_):
            suites = {"echo-bench": None, "posix-bench": {"posix"}}.get(app.split()[0], set())
            return [r for r in self.records if r["source"] == GUEST
                    and (suites is None and r["suite"] != "posix" or r["suite"] in
                         (suites or set()))]

    with tempfile.TemporaryDirectory() as folder:
        status, said = run_with(Whole, folder)
        text, run = written(folder)
    check(status == 0 and "missing:" not in said, said)
    check("What is missing" not in text and run["missing"] == [], "the page")
    check(sorted(map(str, run["records"])) == sorted(map(str, recorded().records)), "records")


@case("of passes on processors near and far the middle one of the near ones stands")
def best_placed():
    passes = (("hardware threads of one core", 2.4), ("processors that share a cache", 1.3),
              ("processors far apart", 1.0), ("processors that share a cache", 1.2),
              ("processors that share a cache", 1.6))
    stands = session.middle_of_best([{"where": name, "ratio_to_minimal": value}
                                     for name, value in passes])
    check(stands == {"where": "processors that share a cache", "ratio_to_minimal": 1.3},
          f"{stands}")


@case("every part names its source")
def sources():
    for part in content.all_parts(recorded()):
        check(part.source, part.name)


def main():
    failed = 0
    for sentence, function in CASES:
        try:
            function()
            print(f"ok {sentence}")
        except Exception as why:                  # noqa: BLE001: any failure is one
            failed += 1
            print(f"FAIL {sentence}: {type(why).__name__}: {why}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
