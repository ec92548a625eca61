# SPDX-License-Identifier: MIT
"""The report as one page that needs nothing else."""
import math
from html import escape

import content
import goals
import plot
import thesis
from content import Table

STYLE = """
:root { --ink: #20272e; --soft: #5c6873; --line: #e1e5e9; --accent: #2563a8; }
* { box-sizing: border-box; }
body { margin: 0; background: #f6f7f9; color: var(--ink);
       font: 15px/1.55 system-ui, "Helvetica Neue", Helvetica, Arial, sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 36px 28px 64px; }
h1 { font-size: 28px; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 0 0 6px; }
p { margin: 0 0 12px; max-width: 76ch; }
.soft, .source { color: var(--soft); }
.source { font-size: 12.5px; margin: 10px 0 0; }
section { background: #fff; border: 1px solid var(--line); border-radius: 8px;
          padding: 22px 26px 18px; margin: 18px 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; font-weight: 600; color: var(--soft);
     border-bottom: 1px solid #c9d0d6; }
th, td { padding: 5px 10px 5px 0; vertical-align: baseline; }
td { border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.group td { padding-top: 14px; font-weight: 600; color: var(--accent); }
svg { width: 100%; height: auto; display: block; }
.bar { background: linear-gradient(to left, #dfe9f5 var(--w), transparent var(--w));
       padding-left: 40px; padding-right: 6px; }
td.n + td:not(.n), th.n + th:not(.n) { padding-left: 14px; }
.met, .missed, .unknown { border-radius: 10px; padding: 1px 9px; font-size: 12.5px;
                          white-space: nowrap; }
.met { background: #e2f3e8; color: #1d6a3c; }
.missed { background: #fbe7e4; color: #9c2f22; }
.unknown { background: #eceff2; color: #56616b; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 18px;
     margin: 14px 0 0; font-size: 14px; }
dt { color: var(--soft); } dd { margin: 0; }
details summary { cursor: pointer; color: var(--accent); }
"""

BAR_FULL = 2000    # the ratio whose bar fills its cell, on a scale of logarithms
CHIPS = {goals.MET: "met", goals.MISSED: "missed", goals.UNKNOWN: "unknown"}

EMULATED = """Where it says <b>emulated</b>, QEMU translated: code that stays in user mode
runs near native and cache lines really move between the processors, but a trap, a
hypercall or a change of page tables costs hundreds of times what it costs on hardware. Such figures can be
compared with each other, never with a processor's. The host's figures are the real
processor's."""
NATIVE = "KVM ran the guests: their traps are the processor's."


def number(value):
    if value is None:
        return ""
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 20 else f"{value:.2f}"


def cell(value, column):
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    if column != content.RATIO or value is None:
        return f'<td class="n">{number(value)}</td>'
    share = min(100, max(2, 100 * math.log(max(value, 1)) / math.log(BAR_FULL)))
    return f'<td class="n bar" style="--w:{share:.0f}%">{number(value)}</td>'


def heading(table, column):
    """Numbers stand to the right, and so does what stands above them."""
    numeric = any(not isinstance(row[column], str) for row in table.rows)
    kind = ' class="n"' if numeric else ""
    return f"<th{kind}>{escape(table.columns[column])}</th>"


def table_html(table):
    head = "".join(heading(table, column) for column in range(len(table.columns)))
    body = []
    for i, row in enumerate(table.rows):
        if i in table.groups:
            body.append(f'<tr class="group"><td colspan="{len(row)}">'
                        f"{escape(table.groups[i])}</td></tr>")
        body.append("<tr>" + "".join(map(cell, row, table.columns)) + "</tr>")
    return (f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>'
            + "\n".join(body) + "</tbody></table></div>")


def goal_row(goal):
    note = ", emulated" if goal.emulated else ""
    return (f"<tr><td>{escape(goal.text)}</td><td class=n>{goal.sign} {goal.limit:g}</td>"
            f"<td class=n>{goal.shown()}</td><td><span class={CHIPS[goal.verdict]}>"
            f"{goal.verdict}</span></td>"
            f"<td class=soft>{escape(goal.source)}{note}</td></tr>")


def goals_html(all_goals):
    rows = "\n".join(map(goal_row, all_goals))
    return ("<section><h2>What was to be reached</h2><div class=wide><table><thead><tr>"
            "<th>goal, a ratio where no unit stands</th><th class=n>limit</th><th class=n>measured</th>"
            f"<th></th><th>source</th></tr></thead><tbody>{rows}</tbody></table></div>"
            "</section>")


def part_html(part):
    inner = table_html(part) if isinstance(part, Table) else ""
    folded = isinstance(part, Table) and len(part.rows) > 30
    if folded:
        inner = f"<details><summary>{len(part.rows)} rows</summary>{inner}</details>"
    picture = content.picture_of(part)
    if picture:
        inner += plot.svg(picture)
    return (f'<section id="{part.name}"><h2>{escape(part.title)}</h2>\n'
            f"<p>{escape(part.text)}</p>\n{inner}\n"
            f'<p class="source">Source: {escape(part.source)}. Data: {part.name}.csv, '
            f"{part.name}.json{f', {part.name}.svg' if picture else ''}</p></section>")


def facts_html(run):
    rows = "".join(f"<dt>{escape(key)}</dt><dd>{escape(str(value))}</dd>"
                   for key, value in run["machine"].items())
    return f"<dl>{rows}</dl>"


def missing_html(results):
    """What could not be measured, and the parts that lack data."""
    if not results.missing:
        return ""
    rows = "".join(f"<dt>{escape(part['what'])}</dt><dd>{escape(part['why'])}</dd>"
                   for part in results.missing)
    titles = "; ".join(part.title for part in content.parts_without_data(results))
    lacking = f"<p>So these are not in the report: {escape(titles)}.</p>" if titles else ""
    return (f"<section><h2>What is missing</h2>\n<p>This run could not measure all. Rows of "
            f"these are left out below, and goals are not measured.</p>{lacking}<dl>{rows}</dl>"
            "</section>")


def page(results, parts):
    run = results.run
    quick = ("<p><b>A quick run</b>: " + escape(run["left_out"]) + "</p>"
             if run["quick"] else "")
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>fos: messaging, measured</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{STYLE}</style></head><body><main>
<h1>fos: messaging, measured</h1>
<p class="soft">{escape(run["date"])}</p>
<section><h2>The machine, and how to read this</h2>
{quick}<p>{EMULATED if run["emulated"] else NATIVE}</p>
<p>Figures are medians, with 99th percentiles, in cycles of the time-stamp counter; the cost of
reading the counter is subtracted. “× minimal” is the ratio to the minimal IPC (one cache line
handed to and fro), measured around the same moments: compare that between machines. Rounds
around which the minimal IPC changed by more than a quarter are left out; where most had to be,
it says <b>unsteady</b>. fos and the Linux guest ran one after the other, on the same Xen in the
same run.</p>
<p>“The thesis” is {escape(thesis.SOURCE)}; its figures are quoted, every other number is of
this run.</p>
{facts_html(run)}</section>
{missing_html(results)}
{goals_html(goals.all_goals(results))}
{chr(10).join(map(part_html, parts))}
</main></body></html>
"""
