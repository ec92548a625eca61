# SPDX-License-Identifier: MIT
"""The Open POSIX Test Suite's tests, built into one program and an archive with it."""
import concurrent.futures
import fnmatch
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(ROOT, "build/conformance")
CC = os.path.join(ROOT, "tools/fos-cc")
PROGRAM = "posixtests"


def package():
    """Path of the source package's archive, or None."""
    found = subprocess.run([os.path.join(ROOT, "tools/fetch"), "--where", "posixtestsuite"],
                           cwd=ROOT, capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else None


def unpack():
    source = os.path.join(OUT, "src")
    if not os.path.isdir(source):
        archive = package()
        if not archive:
            sys.exit("conformance: no source of posixtestsuite; tools/fetch gets it")
        os.makedirs(source + ".new", exist_ok=True)
        subprocess.run(["tar", "xf", archive, "-C", source + ".new", "--strip-components=1"],
                       check=True)
        os.rename(source + ".new", source)
    return source


def patterns():
    """(patterns of the interfaces, patterns of those counted apart)."""
    with open(os.path.join(HERE, "interfaces")) as file:
        text = re.sub(r"#.*", "", file.read())
    ours, apart = text.split("apart:")
    return ours.split(), apart.split()


def matches(name, wanted):
    return any(fnmatch.fnmatch(name, pattern) for pattern in wanted)


def order(name):
    """Sorts 2-1 before 10-1."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def choose(source, wanted):
    """[(interface/n-m, path)] of the tests whose interface or name one of `wanted` matches."""
    folder = os.path.join(source, "conformance/interfaces")
    tests = []
    for path in glob.glob(f"{folder}/*/*.c"):
        interface, file = path.split("/")[-2:]
        name = f"{interface}/{file[:-2]}"
        if re.fullmatch(r"\d+-\d+\.c", file) and (matches(interface, wanted) or
                                                  matches(name, wanted)):
            tests.append((name, path))
    return sorted(tests, key=lambda test: order(test[0]))


def symbol_of(name):
    return "pts_" + re.sub(r"\W", "_", name)


def newest_header():
    folder = os.path.join(ROOT, "libfos/posix/include")
    return max(os.path.getmtime(os.path.join(at, name))
               for at, _, names in os.walk(folder) for name in names)


def compile_test(source, path, symbol, since):
    """(object or None, why not)."""
    target = os.path.join(OUT, "objects", symbol + ".o")
    fresh = target + ".new"
    if os.path.exists(target) and os.path.getmtime(target) > since:
        return target, ""
    folder = os.path.join(source, "conformance/interfaces")
    steps = [[CC, "-c", "-w", "-O1", "-Dmain=pts_main", f"-I{source}/include",
              f"-I{os.path.dirname(path)}", "-o", fresh, os.path.relpath(path, folder)],
             ["objcopy", "--keep-global-symbol=pts_main", fresh],
             ["objcopy", f"--redefine-sym=pts_main={symbol}", fresh]]
    for step in steps:
        made = subprocess.run(step, cwd=folder, capture_output=True, text=True)
        if made.returncode:
            why = re.findall(r"error: (.*)", made.stderr)
            return None, why[0] if why else "does not compile"
    os.replace(fresh, target)
    return target, ""


def build(tests, source, jobs):
    """([(name, symbol, object)], {name: why it does not compile})."""
    os.makedirs(os.path.join(OUT, "objects"), exist_ok=True)
    since = max(newest_header(), os.path.getmtime(CC))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        made = list(pool.map(lambda test: compile_test(source, test[1], symbol_of(test[0]),
                                                       since), tests))
    built, failed = [], {}
    for (name, _), (target, why) in zip(tests, made):
        if target:
            built.append((name, symbol_of(name), target))
        else:
            failed[name] = why
    return built, failed


def write_table(path, built):
    with open(path, "w") as file:
        for _, symbol, _ in built:
            file.write(f"int {symbol}(int, char **);\n")
        file.write("const struct { const char *name; int (*main)(int, char **); } "
                   "tests[] = {\n")
        for name, symbol, _ in built:
            file.write(f'    {{"{name}", {symbol}}},\n')
        file.write("    {0, 0}};\n")


def link(built, name):
    """Makes build/conformance/NAME.cpio; the linker's complaints, none if it is made."""
    table = os.path.join(OUT, name + ".c")
    write_table(table, built)
    archive = os.path.join(OUT, name)
    subprocess.run(["cp", "-aT", "--remove-destination",
                    os.path.join(ROOT, "build/archive/boot"), archive], check=True)
    made = subprocess.run([CC, "-w", "-s", "-o", os.path.join(archive, PROGRAM),
                           os.path.join(HERE, "driver.c"), table] +
                          [target for _, _, target in built], capture_output=True, text=True)
    if made.returncode:
        return made.stderr
    subprocess.run([os.path.join(ROOT, "tools/archive"), os.path.join(OUT, name + ".cpio"),
                    archive], check=True)
    return ""


def link_all(built, failed, name):
    """Leaves out, and adds to `failed`, tests that want what is not there."""
    while errors := link(built, name):
        bad = dict(re.findall(r"objects/(\w+)\.o[^\n]*\n?[^\n]*undefined reference to "
                              r"`(\w+)'", errors))
        bad.update({symbol: "no main" for symbol in
                    re.findall(r"undefined reference to `(pts_\w+)'", errors)})
        if not any(symbol in bad for _, symbol, _ in built):
            sys.exit(errors)
        failed.update({name: f"needs {bad[symbol]}" for name, symbol, _ in built
                       if symbol in bad})
        built = [test for test in built if test[1] not in bad]
    return built
