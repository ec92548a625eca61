# SPDX-License-Identifier: MIT
"""The runner's way of taking a console apart, byte by byte and at once."""
from runner.console import Console
from system_tests import case, check

TAG = "0123456789abcdef"


def shown(text, xen=True):
    """Feeds `text` whole, then byte by byte; both must come out alike."""
    results = []
    for step in (len(text), 1):
        pieces = []
        console = Console(TAG, pieces.append, xen_shares_line=xen)
        for at in range(0, len(text), step):
            console.feed(text[at:at + step].encode())
        results.append((b"".join(pieces).decode(), console.status,
                        console.json + console.trace, console.xen))
    check(results[0] == results[1], f"{results[0]} at once, {results[1]} by bytes")
    return results[0]


def expect(text, *wanted, xen=True):
    got = shown(text, xen)
    check(got == wanted, f"{text!r} gave {got}, not {wanted}")


@case("the line with the status is hidden, wherever in its line it begins")
def status_line(_):
    expect(f"a\n[fos {TAG}] exit 7\nb\n", "a\nb\n", 7, [], [])
    expect(f"unfinished[fos {TAG}] exit 0\n", "unfinished", 0, [], [])


@case("lines that only resemble the status line are shown and mean nothing")
def status_fakes(_):
    for line in ("[fos 0123456789abcdee] exit 7\n", "[fos ", "[", "[fos x] exit 1\n"):
        expect(line + "\n", line + "\n", None, [], [])


@case("results are hidden and kept, only at the beginning of a line")
def results(_):
    expect('[json] {"a": 1}\nx [json] y\n', "x [json] y\n", None, ['{"a": 1}'], [])


@case("a trace's lines are hidden and kept as they are")
def trace(_):
    expect("[trace] end 0 0 0 0\n[tr x\n", "[tr x\n", None, ["[trace] end 0 0 0 0"], [])


@case("the hypervisor's lines are taken out of the guest's, even out of a line's middle")
def hypervisor(_):
    expect("be(XEN) hello\nfore\n", "before\n", None, [], ["(XEN) hello"])
    expect("(XEN) one\n(XEN) two\nx\n", "x\n", None, [], ["(XEN) one", "(XEN) two"])
    expect("(XEN) mine\n", "(XEN) mine\n", None, [], [], xen=False)


@case("an unfinished line is shown at once, without carriage returns")
def unfinished(_):
    expect("prompt> ", "prompt> ", None, [], [])
    expect("a\r\nb\r\n", "a\nb\n", None, [], [])


@case("of what is held back only the guest's is released, and nothing before its first line")
def released(_):
    pieces = []
    console = Console(TAG, pieces.append, xen_shares_line=True, raw=True)
    for text, wanted in (("(XE", b""), ("N) Bootl", b""), ("oader\r\n", b""),
                         ("fos: 8 vCPUs\r\n", b"fos: 8 vCPUs\r\n"), ("(X", b"(X"),
                         (")\r\n", b")\r\n"), ("(XEN) hel", b""), ("lo\r\n", b""),
                         ("[json] {", b""), ("}\r\n[fos] $ ", b"[fos] $ ")):
        pieces.clear()
        console.feed(text.encode())
        console.release()
        check(b"".join(pieces) == wanted, f"{text!r} gave {pieces}")
    check(console.xen == ["(XEN) Bootloader", "(XEN) hello"] and console.json == ["{}"],
          f"{console.xen} {console.json}")
