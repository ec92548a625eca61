# SPDX-License-Identifier: MIT
"""A figure as SVG, drawn by gnuplot."""
import math
import re
import subprocess

from content import Figure

COLOURS = ["#2563a8", "#c2571a", "#2f855a", "#7b4ea3", "#8a6d3b"]
POINTS = [7, 5, 9, 13, 11]
QUOTED_POINTS = [6, 4, 8]
# What appears in several figures looks the same in all.
STYLE_OF = {"user channel": 0, "user only": 0, "kernel messaging": 1, "kernel only": 1,
            "hybrid": 2}
WIDTH, HEIGHT = 860, 420
SCRIPT = """
set terminal svg size {width},{height} dynamic font "Helvetica,13" rounded
set encoding utf8
set border {border} lc rgb "#9aa3ad"
set tics nomirror textcolor rgb "#3c4650" scale 0.6,0.3
set grid xtics ytics lc rgb "#e4e7eb" lt 1 lw 0.8
set key {key} textcolor rgb "#3c4650" samplen 2 spacing 1.25
set xlabel "{x}" textcolor rgb "#3c4650" offset 0,0.2
set ylabel "{y}" textcolor rgb "#3c4650"
"""


def quote(text):
    """A text as it is: none of its characters lowers or raises the next one."""
    text = text.replace("\\", "\\\\").replace('"', "'")
    return re.sub(r"[_^@&~{}]", r"\\\\\g<0>", text)


def byte_label(value):
    for unit in ("", "Ki", "Mi"):
        if value < 1024:
            return f"{value:.0f}{unit}"
        value /= 1024
    return f"{value:.0f}Gi"


def power_ticks(points):
    low, high = min(points), max(points)
    first, last = int(math.log2(low)), int(math.log2(high))
    return ", ".join(f'"{byte_label(2 ** n)}" {2 ** n}' for n in range(first, last + 1, 2))


def y_range(figure, values):
    low, high = min(values), max(values)
    for mark in figure.marks:
        if mark.y is not None:
            low, high = min(low, mark.y), max(high, mark.y)
    if "y" in figure.log:
        return low / 1.3, high * 1.5
    least = figure.least_y if figure.least_y is not None else low - (high - low) * 0.05
    return least, high * 1.08


def x_range(figure, values):
    low, high = min(values), max(values)
    if "x" in figure.log:
        return (low / 1.12, high * 1.12) if high > low else (low / 2, high * 2)
    return low, high + (high - low) * 0.02 or high + 1


def y_axis(figure, low, high):
    lines = [f"set yrange [{low}:{high}]"]
    if "y" in figure.log:
        lines.append("set logscale y")
    if high >= 10000:
        power = '"10^{%L}"' if "y" in figure.log else '"%.1s %c"'
        lines.append(f"set format y {power}")
    else:
        lines.append('set format y "%g"')
    if figure.microseconds:
        mhz = figure.microseconds
        lines += [f"set y2range [{low / mhz}:{high / mhz}]", "set logscale y2",
                  'set y2tics', 'set format y2 "%g"',
                  'set y2label "microseconds" textcolor rgb "#3c4650"']
    return lines


def x_axis(figure, points):
    low, high = x_range(figure, points)
    lines = [f"set xrange [{low}:{high}]"]
    if "x" in figure.log:
        lines.append(f"set logscale x {2 if figure.bytes_axis else 10}")
    if figure.bytes_axis:
        lines.append(f"set xtics ({power_ticks(points)})")
    elif figure.ticks:
        lines.append("set xtics (" + ", ".join(f"{tick:g}" for tick in figure.ticks) + ")")
    else:
        lines.append('set format x "%g"')
    return lines


def mark_lines(figure, x, y):
    """Dashed lines across the plot, each with its text."""
    lines = []
    style = 'nohead dt 2 lw 1.2 lc rgb "#b03a48"'
    for mark in figure.marks:
        text = f'set label "{quote(mark.text)}" textcolor rgb "#b03a48" at '
        if mark.x is not None:
            lines += [f"set arrow from {mark.x}, graph 0 to {mark.x}, graph 1 {style}",
                      text + f"{mark.x}, graph 0.95 offset 0.6,0"]
        else:
            lines += [f"set arrow from graph 0, first {mark.y} to graph 1, first {mark.y} "
                      + style,
                      text + f"graph 0.99, first {mark.y} right offset 0,{mark.side}"]
    return lines


def curve(i, series):
    if series.quoted:
        return (f"$data{i} using 1:2 with points lc rgb '#b03a48' lw 1.5 "
                f"pt {QUOTED_POINTS[i % len(QUOTED_POINTS)]} ps 0.9 "
                f'title "{quote(series.label or series.name)}"')
    style = STYLE_OF.get(series.name, i) % len(COLOURS)
    return (f"$data{i} using 1:2 with linespoints lc rgb '{COLOURS[style]}' lw 2 "
            f"pt {POINTS[style]} ps {0.55 if len(series.points) < 40 else 0.3} "
            f'title "{quote(series.label or series.name)}"')


def script(figure):
    drawn = [series for series in figure.series if series.points]
    xs = [x for series in drawn for x, _ in series.points]
    ys = [y for series in drawn for _, y in series.points]
    lines = [SCRIPT.format(width=WIDTH, height=HEIGHT, x=quote(figure.x),
                           y=quote(figure.y), border=11 if figure.microseconds else 3,
                           key="above left horizontal")]
    lines += x_axis(figure, xs) + y_axis(figure, *y_range(figure, ys))
    lines += mark_lines(figure, xs, ys)
    for i, series in enumerate(drawn):
        rows = "\n".join(f"{x!r} {y!r}" for x, y in series.points)
        lines.append(f"$data{i} << END\n{rows}\nEND")
    lines.append("plot " + ", ".join(curve(i, series) for i, series in enumerate(drawn)))
    return "\n".join(lines) + "\n"


def length_label(length):
    return f"{length:,.0f}" if length >= 100 else f"{length:.2f}"


def bars_script(bars):
    """Bars from the left edge, each with its length behind it."""
    rows = [row for series in bars.series for row in series.points]
    low, most = min(length for _, length in rows) / 2, max(length for _, length in rows)
    high = most * (most / low) ** 0.2                   # room for the number behind it
    lines = [SCRIPT.format(width=WIDTH, height=90 + 24 * len(rows), x=quote(bars.x), y="",
                           border=3, key="above left horizontal"),
             f"set xrange [{low}:{high}]", "set logscale x", 'set format x "10^{%L}"',
             f"set yrange [{len(rows) - 0.4}:-0.6]",
             "set ytics (" + ", ".join(f'"{quote(what)}" {place}'
                                       for place, (what, _) in enumerate(rows)) + ")"]
    plots, place = [], 0
    for i, series in enumerate(bars.series):
        lines.append(f"$data{i} << END")
        for _, length in series.points:
            lines.append(f'{length!r} {place} "{length_label(length)}"')
            place += 1
        lines.append("END")
        title = f'title "{quote(series.name)}"' if series.name else "notitle"
        plots.append(f"$data{i} using ({low}):2:({low}):1:($2-0.34):($2+0.34) with "
                     f"boxxyerror fs solid 0.85 noborder lc rgb '{COLOURS[i]}' {title}")
        plots.append(f"$data{i} using 1:2:3 with labels left offset 0.6,0 "
                     'textcolor rgb "#3c4650" notitle')
    return "\n".join([*lines, "plot " + ", ".join(plots)]) + "\n"


def svg(figure):
    """The picture; its identifiers are its own, so that several fit into one page."""
    commands = script(figure) if isinstance(figure, Figure) else bars_script(figure)
    done = subprocess.run(["gnuplot"], input=commands, text=True,
                          capture_output=True, check=False)
    if done.returncode or "<svg" not in done.stdout:
        raise RuntimeError(f"gnuplot: {figure.name}: {done.stderr.strip()}")
    text = done.stdout[done.stdout.index("<svg"):]
    for name in set(re.findall(r"""\bid=['"]([^'"]+)['"]""", text)):
        text = re.sub(rf"""((?:id=|href=)['"]#?|url\(#){name}\b""",
                      rf"\1{figure.name}-{name}", text)
    return re.sub(r"<title>.*?</title>", f"<title>{figure.title}</title>", text, count=1,
                  flags=re.S)
