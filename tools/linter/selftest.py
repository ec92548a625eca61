# SPDX-License-Identifier: MIT
"""Shows that every check can fail: small trees with one fault each, and one without."""
import os
import shutil
import subprocess
import tempfile

from .compile import Flags, check_format, check_headers, check_tidy
from .depend import check_depend, check_hypercalls
from .text import check_kernel_text, check_sizes, check_spdx, check_words
from .tree import Tree

SPDX = "/* SPDX-License-Identifier: MIT */\n"
GOOD = {
    "kernel/include/fos/abi/types.h": SPDX + "struct cap {\n    int id;\n};\n",
    "formats/fos/format/elf.h": SPDX + "#include <fos/abi/types.h>\n",
    "kernel/mm/mm.h": SPDX + "#include <fos/format/elf.h>\n",
    "kernel/xen/event.c": SPDX + '#include "mm/mm.h"\n\nint HYPER' 'VISOR_call(void);\n',
    "libfos/include/fos/msg.h": SPDX + "#include <fos/abi/types.h>\n",
    "libfos/msg/inside.h": SPDX + "#include <fos/msg.h>\n",
    "fleets/proc/main.c": SPDX + "#include <fos/msg.h>\n#include \"table.h\"\n",
    "fleets/proc/table.h": SPDX,
    "apps/hello/main.c": SPDX + "#include <fos/format/elf.h>\n",
    "tests/unit/test_mm.c": SPDX + "#include <kernel/mm/mm.h>\n",
    "tests/boot/fault/own.h": SPDX,
    "tests/boot/common.h": SPDX + "#include <fos/msg.h>\n",
    "tests/boot/fault/main.c": SPDX + '#include "../common.h"\n',
}
SHARED = "-Ikernel/include -Iformats"
FLAGS = Flags(SHARED + " -iquote kernel", SHARED + " -Ilibfos/include",
              SHARED + " -Ilibfos/include -I.")


def function_of(lines):
    return SPDX + "int f(int a);\nint f(int a)\n{\n" + "    a++;\n" * (lines - 1) + \
        "    return a;\n}\n"


def checks(tree):
    return {"spdx": check_spdx(tree), "words": check_words(tree),
            "size": check_sizes(tree), "depend": check_depend(tree),
            "hypercall": check_hypercalls(tree), "format": check_format(tree),
            "header": check_headers(tree, FLAGS, "gcc"), "tidy": check_tidy(tree, FLAGS)}


# (what, the check that must complain, path, content)
SAMPLES = [
    ("a file without licence line", "spdx", "libfos/msg/a.c", "int a;\n"),
    ("a script without licence line", "spdx", "tools/go", "#!/bin/sh\necho\n"),
    ("a note of work left", "words", "libfos/msg/a.c", SPDX + "/* TO" "DO: more */\n"),
    ("somebody's copyright", "words", "apps/hello/b.c", SPDX + "/* Copy" "right X */\n"),
    ("a path of one machine", "words", "tools/x.mk", "# see /wo" "rk/notes\n"),
    ("a file of 701 lines", "size", "fleets/proc/a.c", SPDX + "\n" * 700),
    ("a function of 61 lines", "size", "fleets/proc/a.c", function_of(61)),
    ("a kernel of 8000 lines", "size", "kernel/mm/a{}.c", SPDX + "\n" * 699),
    ("a fleet that includes another", "depend", "fleets/fs/a.c",
     SPDX + '#include "../proc/table.h"\n'),
    ("libfos that includes a fleet", "depend", "libfos/msg/a.c",
     SPDX + "#include <fleets/proc/table.h>\n"),
    ("a program that includes the kernel", "depend", "apps/hello/a.c",
     SPDX + '#include "mm/mm.h"\n'),
    ("a program that includes libfos's inside", "depend", "tests/boot/fault/a.c",
     SPDX + "#include <libfos/msg/inside.h>\n"),
    ("a boot test that includes another", "depend", "tests/boot/other/a.c",
     SPDX + "#include <tests/boot/fault/own.h>\n"),
    ("a public header that includes the inside", "depend", "libfos/include/fos/a.h",
     SPDX + "#include <libfos/msg/inside.h>\n"),
    ("the kernel that includes libfos", "depend", "kernel/mm/a.c",
     SPDX + "#include <fos/msg.h>\n"),
    ("an ABI header that includes the kernel", "depend", "kernel/include/fos/abi/a.h",
     SPDX + '#include "mm/mm.h"\n'),
    ("an ABI header that includes a format", "depend", "kernel/include/fos/abi/a.h",
     SPDX + "#include <fos/format/elf.h>\n"),
    ("a format that includes libfos", "depend", "formats/fos/format/a.h",
     SPDX + "#include <fos/msg.h>\n"),
    ("a hypercall outside kernel/xen", "hypercall", "kernel/mm/a.c",
     SPDX + "int HYPER" "VISOR_update(void);\n"),
    ("a badly formatted file", "format", "libfos/msg/a.c", SPDX + "int  a ( void ) ;\n"),
    ("a header that needs another", "header", "libfos/include/fos/a.h",
     SPDX + "int f(struct unknown *p, uint32_t n);\n"),
    ("a use of a null pointer", "tidy", "apps/hello/a.c",
     SPDX + "int f(int *p);\nint f(int *p)\n{\n    return p ? 0 : *p;\n}\n"),
    ("a suspicious memset", "tidy", "kernel/mm/a.c",
     SPDX + "void *memset(void *, int, unsigned long);\nvoid f(int *a);\n"
     "void f(int *a)\n{\n    memset(a, sizeof(int) * 4, 0);\n}\n"),
]


def write(root, path, content):
    os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
    with open(os.path.join(root, path), "w", encoding="utf-8") as file:
        file.write(content)


def complaints(source, extra):
    """What each check says about the good tree with some files more."""
    with tempfile.TemporaryDirectory() as root:
        for name in (".clang-format", ".clang-tidy"):
            shutil.copy(os.path.join(source, name), root)
        for path, content in {**GOOD, **extra}.items():
            write(root, path, content)
        return {name: list(found) for name, found in checks(Tree(root)).items()}


def verdict(sentence, why):
    print(f"FAIL {sentence}: {why}" if why else f"ok {sentence}", flush=True)
    return not why


def sample(source, what, check, path, content):
    paths = [path.format(i) for i in range(12)] if "{}" in path else [path]
    found = complaints(source, dict.fromkeys(paths, content))
    hits = [problem for problem in found[check]
            if problem.path in paths or problem.path == "kernel"]
    others = [problem.text for name, problems in found.items()
              for problem in problems if problem.fatal and name not in (check, "tidy")]
    return verdict(f"lint finds {what}", not hits and f"found only {others}")


def kernel_text(size):
    """Whether a kernel with `size` bytes of text is accepted."""
    with tempfile.TemporaryDirectory() as folder:
        elf = os.path.join(folder, "a.o")
        subprocess.run(["gcc", "-c", "-x", "assembler", "-", "-o", elf], check=True,
                       input=f".text\n.skip {size}, 0x90\n", text=True)
        return not list(check_kernel_text(elf))


def self_test(source):
    good = [p for found in complaints(source, {}).values() for p in found]
    results = [verdict("lint finds nothing in a good tree", "; ".join(
        f"{p.path}: {p.text}" for p in good))]
    results += [sample(source, *each) for each in SAMPLES]
    results.append(verdict("lint finds a kernel of 64 KiB of text",
                           kernel_text(65536) and "accepted"))
    results.append(verdict("lint accepts a kernel of 60 KiB of text",
                           not kernel_text(61440) and "refused"))
    return 0 if all(results) else 1
