"""Two pages made from data: which data sets the book uses, and how long each lesson and experiment took, on what."""

import json
from pathlib import Path
from typing import Any

from publishing.lesson import BOOK, FRAMEWORKS, ROOT, Lesson, LessonError

RUNS = BOOK / "runs.json"
RECORDED = ROOT / "lesson_utils" / "recorded"
DATA_HEAD = """# Data sets

`load("name")` gives a data set as arrays, and `python -m lesson_utils.data` lists them with what is on this
machine. The lessons as published use only the first table: real data that come with packages, so nothing is
downloaded. With `LESSONS_DATA=full` in the environment, `load` prefers the second; each file is fetched once and
checked against its SHA-256."""
RUNS_HEAD = """# Run times

How long each notebook of this site took, from its first cell to its last, with everything that was running
on that processor. Your machine will differ; the ratios tell more than the seconds. With a GPU the training
cells run on it, and the rest stays as it is."""
RECORDED_HEAD = """## Recorded experiments

What takes longer than a lesson may was run once and is read by the lessons. Each can be made anew with the command
beside it."""


def write_facts(lessons: dict[str, Lesson]) -> None:
    """Write both pages; they are generated and not committed.

    Parameters
    ----------
    lessons : dict of str to Lesson
    """
    for page, text in ((BOOK / "data.md", data_page()), (BOOK / "runs.md", runs_page(lessons))):
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


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
        rows = [(f"`{d.name}`", d.task, d.size, f"{d.megabytes:g}", d.licence, d.origin) for d in datasets]
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
    rows = []
    for lesson_id, lesson in lessons.items():
        missing = [name for name in FRAMEWORKS if name not in runs.get(lesson_id, {})]
        if missing:
            raise LessonError(
                f"{lesson_id}: no run time for {missing[0]} in {runs_file.name}; run `make lesson L={lesson_id}`"
            )
        both = [runs[lesson_id][name] for name in FRAMEWORKS]
        seconds = [f"{run['seconds']:.0f}" for run in both]
        versions = ", ".join(run["framework"] for run in both)
        rows.append((f"[{lesson.title}]({lesson_id}.ipynb)", *seconds, versions, both[0]["processor"], both[0]["date"]))
    heads = ("Lesson", "PyTorch, s", "Paddle, s", "Versions", "Processor", "Date")
    parts = [RUNS_HEAD, table(heads, rows), RECORDED_HEAD]
    return (
        "\n\n".join([*parts, table(("Command", "Runs", "Minutes", "Version", "Processor", "Date"), _made(recorded))])
        + "\n"
    )


def _made(recorded: Path) -> list[tuple[Any, ...]]:
    rows = []
    for path in sorted(recorded.glob("*.json")):
        recording = json.loads(path.read_text(encoding="utf-8"))
        about = recording["about"]
        facts = (about["minutes"], about["framework"], about["processor"], about["date"])
        rows.append((f"`{about['command']}`", len(recording["runs"]), *facts))
    return rows


def table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """A Markdown table.

    Parameters
    ----------
    heads : tuple of str
    rows : list of tuple

    Returns
    -------
    str
    """
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
