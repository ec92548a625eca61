# SPDX-License-Identifier: MIT
"""libfos as a whole: whatever it calls is there, also what no program of ours links."""
import os
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WHOLE = ["-Wl,--no-gc-sections", "-Wl,--whole-archive", "build/user/libfos.a",
         "-Wl,--no-whole-archive"]

with tempfile.TemporaryDirectory() as folder:
    source = os.path.join(folder, "main.c")
    with open(source, "w") as file:
        file.write("int main(void) { return 0; }\n")
    done = subprocess.run(["tools/fos-cc", *WHOLE, source, "-o", os.path.join(folder, "main")],
                          cwd=ROOT, capture_output=True, text=True)
SENTENCE = "all of libfos links"
if done.returncode:
    print(f"FAIL {SENTENCE}: {' '.join(done.stderr.split())[-300:]}")
    raise SystemExit(1)
print(f"ok {SENTENCE}")
