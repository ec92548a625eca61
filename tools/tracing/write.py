# SPDX-License-Identifier: MIT
"""A trace into files."""
import json

from . import chrome, reader, text


def write_text(trace, file):
    file.writelines(line + "\n" for line in text.lines(trace))


def write_json(trace, file):
    json.dump(chrome.document(trace), file)


def save_both(prefix, lines):
    """PREFIX.txt and PREFIX.json from the trace lines of a console; what is in them."""
    trace = reader.read("\n".join(lines).encode())
    with open(prefix + ".txt", "w") as file:
        write_text(trace, file)
    with open(prefix + ".json", "w") as file:
        write_json(trace, file)
    return text.summary(trace)
