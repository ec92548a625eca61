# SPDX-License-Identifier: MIT
"""The drivers of other people's suites: what they read, and how they judge."""
import glob
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import tempfile
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, "tests/conformance")
sys.path.insert(0, FOLDER)
sys.dont_write_bytecode = True
import cases                                                   # noqa: E402
import suites                                                  # noqa: E402

CASES = []
TEST = """\
# a comment
name: first
arguments: !-x!a b!
env-setup: !FOO=bar!HOME!
file-setup: file 755 "run me"
\techo hi
file-setup: !symlink 777 "link"
\ttarget
stdin:
\techo -n *
\t---
expected-stdout: !
\t*
expected-stderr-pattern:
\t!/not set/
expected-exit: e != 0
---
name: second
category: !os:fos
---
"""


def case(sentence):
    def add(function):
        CASES.append((sentence, function))
        return function
    return add


def load(name):
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(FOLDER, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


mksh, busybox = load("mksh"), load("busybox")


def read(*lines):
    reader = cases.Reader({"a": 5})
    for line in lines:
        reader.line(line)
    return reader


@case("a test of check.t is read with its files, words and environment")
def test_read():
    first, second = mksh.parse(TEST)
    made = mksh.case_of(first, "/bin/mksh")
    assert made.files == [("file", 0o755, "run me", b"echo hi\n"),
                          ("link", 0o777, "link", b"target")], made.files
    assert made.args == [b"/bin/mksh", b"-x", b"a b"], made.args
    assert made.stdin == b"echo -n *\n---\n", made.stdin
    assert made.env["FOO"] == "bar" and "HOME" not in made.env
    assert first["expected-stdout"] == "*" and second["name"] == "second"


@case("categories choose and exclude")
def test_categories():
    assert not mksh.belongs({"category": "!os:fos"}, {"os:fos"})
    assert mksh.belongs({"category": "!os:other"}, {"os:fos"})
    assert mksh.belongs({"category": "os:a,os:fos"}, {"os:fos"})
    assert not mksh.belongs({"category": "os:a"}, {"os:fos"})
    assert not mksh.belongs({"need-ctty": "yes"}, {"regress:no-ctty"})


@case("exit statuses, patterns and outputs are compared as check.pl does")
def test_judge():
    first = mksh.parse(TEST)[0]
    good = cases.Outcome(status=0x100, out=b"*", err=b"fine")
    assert mksh.judge(first, good) == ("pass", "")
    for wrong in (dict(status=0), dict(out=b"*\n"), dict(err=b"x: not set"), dict(why="late")):
        bad = cases.Outcome(**{**vars(good), **wrong})
        assert mksh.judge(first, bad)[0] == "fail", wrong
    assert mksh.status_right("0", 0) and not mksh.status_right("0", 9)


@case("what a case wrote comes back byte by byte")
def test_unescape():
    reader = read("CASE a", "1 x\\00\\5c", "1 y\\ff", "2 e", "ENDED a signal 11", "CASES done")
    outcome = reader.outcomes["a"]
    assert outcome.out == b"x\0\\y\xff" and outcome.err == b"e", outcome
    assert outcome.status == 11 and outcome.why == "" and reader.done


@case("a machine that ended in a case is that case's failure")
def test_machine():
    reader = read("CASE a", "1 x", "[kernel] BUG")
    assert reader.outcomes["a"].why == "machine" and not reader.done
    assert reader.last == ["[kernel] BUG"]


@case("a file of busybox's tests gives a result for each, repeated names apart")
def test_busybox():
    out = b"PASS: one\nFAIL: two\n--- expected\n+++ actual\n-a\n+b\n=====\nPASS: one\n" \
          b"SKIPPED: three\n"
    results = {}
    busybox.judge(cases.Case("x.tests"), cases.Outcome(0, "late", out), results)
    assert [results[n][0] for n in ("x: one", "x: one (2)", "x: three")] == \
        ["pass", "pass", "skip"], results
    assert results["x: two"] == ("fail", "-a +b"), results
    assert results["x: after 4 tests"] == ("fail", "late"), results


DRIVEN = """\
static int pass(int count, char **words) { (void)count, (void)words; return 0; }
const struct { const char *name; int (*main)(int, char **); } tests[] = {
    {"a/1-1", pass}, {"b/1-1", pass}, {0, 0}};
int no_fork(void) { return -1; }
"""


def driven(folder, workers, *flags):
    """(status, last line) of the driver, built for this machine with two tests."""
    program = os.path.join(folder, "driver")
    subprocess.run(["gcc", "-w", *flags, "-o", program, os.path.join(FOLDER, "driver.c"),
                    "-x", "c", "-"], input=DRIVEN, text=True, check=True)
    done = subprocess.run([program, workers], stdout=subprocess.PIPE, text=True, timeout=60)
    return done.returncode, done.stdout.splitlines()[-1]


@case("the POSIX tests' driver tells when not all workers did their part")
def test_driver():
    with tempfile.TemporaryDirectory() as folder:
        assert driven(folder, "2") == (0, "CASES done")
        assert driven(folder, "0") == (1, "CASES broken")
        assert driven(folder, "2", "-Dfork=no_fork") == (1, "CASES broken")


@case("every file of reasons can be read, and gives a reason to each name")
def test_reasons():
    paths = sorted(glob.glob(os.path.join(FOLDER, "*.reasons")))
    assert len(paths) == 4, paths
    for path in paths:
        assert all(name and why for name, why in suites.reasons(path).items()), path


def main():
    failed = 0
    for sentence, function in CASES:
        try:
            function()
            print(f"ok {sentence}")
        except Exception:
            failed += 1
            print(f"FAIL {sentence}: {traceback.format_exc(limit=-2).strip()}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
