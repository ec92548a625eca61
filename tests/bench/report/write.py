# SPDX-License-Identifier: MIT
"""Writes a run's report: CSV and JSON of each part, its plot, and the page."""
import csv
import json
import os

import content
import page
import plot
from goals import all_goals


def columns_and_rows(part):
    """As on the page or in the plot; the last column says what is emulated."""
    if isinstance(part, content.Table):
        rows = [[*row, emulated] for row, emulated in
                zip(part.rows, content.emulated_rows(part))]
        return [*part.columns, content.EMULATED], rows
    rows = [[series.name, x, y, series.emulated]
            for series in part.series for x, y in series.points]
    return ["series", part.x, part.y, content.EMULATED], rows


def write_part(part, run, folder):
    columns, rows = columns_and_rows(part)
    base = os.path.join(folder, part.name)
    with open(base + ".csv", "w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    with open(base + ".json", "w") as file:
        json.dump({"title": part.title, "date": run["date"], "machine": run["machine"],
                   "source": part.source, "emulated": any(row[-1] for row in rows),
                   "columns": columns, "rows": rows}, file, indent=1)
    picture = content.picture_of(part)
    if picture:
        with open(base + ".svg", "w") as file:
            file.write(plot.svg(picture))


def goals_table(results):
    rows = [[goal.text, goal.limit, goal.value, goal.verdict, goal.source,
             content.EMULATED if goal.emulated else ""]
            for goal in all_goals(results)]
    return content.Table("goals", "What was to be reached", "",
                         ["goal", "limit", "measured", "verdict", "source",
                          content.HOW], rows, "the parts below")


def write(results, folder):
    """The path of the page."""
    os.makedirs(folder, exist_ok=True)
    parts = content.all_parts(results)
    for part in [goals_table(results), *parts]:
        write_part(part, results.run, folder)
    path = os.path.join(folder, "report.html")
    with open(path, "w") as file:
        file.write(page.page(results, parts))
    return path
