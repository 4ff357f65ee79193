"""Two pages made from data: which data sets the book uses, and how long each lesson and experiment took, on what."""

import json
import re
from pathlib import Path
from typing import Any

from publishing.execute import RUNS
from publishing.lesson import BOOK, FRAMEWORKS, ROOT, Lesson, LessonError
from publishing.pages import lesson_link, table, write_page

SITE_NAME = re.compile(r"\b([a-z]+\.org)\b")  # bare, it would become a link without TLS
RECORDED = ROOT / "lesson_utils" / "recorded"
DATA_HEAD = """# Data sets

`load("name")` gives a data set as arrays, and `python -m lesson_utils.data` lists them with what is on this
machine. The lessons as published use only the first table: real data that come with packages, so nothing is
downloaded. With `LESSONS_DATA=full` in the environment, `load` prefers the second; each file is fetched once and
checked against its SHA-256."""
RUNS_HEAD = """# Run times

How long each notebook of this site took, from its first cell to its last, on {machines}. At
times another notebook ran on the other core. Yours will differ; the ratios tell more than the seconds."""
RECORDED_HEAD = """## Recorded experiments

What takes longer than a lesson may was run once and is read by the lessons. Each can be made anew with the command
beside it."""


def write_facts(lessons: dict[str, Lesson]) -> None:
    """Write both pages; they are generated and not committed.

    Parameters
    ----------
    lessons : dict of str to Lesson
    """
    write_page(BOOK / "data.md", data_page())
    write_page(BOOK / "runs.md", runs_page(lessons))


def data_page() -> str:
    """The catalogue of data sets, in MyST Markdown.

    Returns
    -------
    str
    """
    from lesson_utils.data.catalogue import EMBEDDED, FULL

    heads = ("Name", "Task", "Size", "MB", "Licence", "Comes from")
    parts = [DATA_HEAD]
    for title, datasets in (("With the packages", EMBEDDED), ("To download", FULL)):
        rows = [
            (f"`{d.name}`", d.task, d.size, f"{d.megabytes:g}", d.licence, SITE_NAME.sub(r"[\1](https://\1)", d.origin))
            for d in datasets
        ]
        parts.append(f"## {title}\n\n{table(heads, rows)}")
    return "\n\n".join(parts) + "\n"


def runs_page(lessons: dict[str, Lesson], runs_file: Path = RUNS, recorded: Path = RECORDED) -> str:
    """Run times of the notebooks and provenance of the recordings, in MyST Markdown.

    Parameters
    ----------
    lessons : dict of str to Lesson
    runs_file : Path
        Lesson id → framework → seconds, versions, processor, date.
    recorded : Path
        Folder with the recordings.

    Returns
    -------
    str

    Raises
    ------
    LessonError
        If a lesson has no recorded run time.
    """
    runs = json.loads(runs_file.read_text(encoding="utf-8"))
    rows, machines, versions, dates = [], set(), set(), set()
    for lesson_id, lesson in lessons.items():
        missing = [name for name in FRAMEWORKS if name not in runs.get(lesson_id, {})]
        if missing:
            raise LessonError(
                f"{lesson_id}: no run time for {missing[0]} in {runs_file.name}; run `make lesson L={lesson_id}`"
            )
        both = [runs[lesson_id][name] for name in FRAMEWORKS]
        machines |= {run["processor"] for run in both}
        versions |= {run["framework"] for run in both}
        dates |= {run["date"] for run in both}
        name = f"{lesson_link(lesson_id)}: {lesson.title}"
        rows.append((name, *(f"{run['seconds']:.0f}" for run in both)))
    made = table(("Command", "Runs", "Minutes", "Version", "Processor", "Date"), _made(recorded))
    when = f"between {min(dates)} and {max(dates)}"
    head = RUNS_HEAD.format(machines=f"{'; '.join(sorted(machines))}, with {' and '.join(sorted(versions))}, {when}")
    return "\n\n".join([head, table(("Lesson", "PyTorch, s", "Paddle, s"), rows), RECORDED_HEAD, made]) + "\n"


def _made(recorded: Path) -> list[tuple[Any, ...]]:
    rows = []
    for path in sorted(recorded.glob("*.json")):
        recording = json.loads(path.read_text(encoding="utf-8"))
        about = recording["about"]
        facts = (about["minutes"], about["framework"], about["processor"], about["date"])
        rows.append((f"`{about['command']}`", len(recording["runs"]), *facts))
    return rows
