"""What the course notes list and which lesson teaches it: a page made from book/coverage.yml."""

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from publishing.lesson import BOOK, Lesson, LessonError
from publishing.pages import lesson_link, table, write_page

DATA = BOOK / "coverage.yml"
PAGE = BOOK / "coverage.md"
FIELDS = {"source", "place", "topic", "lesson"}
WORDS = 8  # a topic is a pointer; what there is to say about it says the lesson
HEAD = """# What is covered

The book follows five sets of course notes. These tables list every topic in them and the lesson that teaches
it. Of {topics} topics {taught} have a lesson; the others are to come."""

Row = dict[str, Any]


def write_coverage(lessons: dict[str, Lesson]) -> None:
    """Write the page of topics; it is generated and not committed.

    Parameters
    ----------
    lessons : dict of str to Lesson

    Raises
    ------
    LessonError
        If a row is incomplete, stands there twice or names a lesson that does not exist.
    """
    if not DATA.exists():  # a book need not follow any notes
        return
    write_page(PAGE, coverage_page(*read_coverage(DATA), lessons))


def read_coverage(path: Path) -> tuple[dict[str, str], list[Row]]:
    """Read the table and check each row by itself.

    Parameters
    ----------
    path : Path
        YAML with ``sources`` (key to describing name) and ``topics`` (rows).

    Returns
    -------
    sources : dict of str to str
    rows : list of dict
        With source, place, topic and lesson, which is None while it is to come.

    Raises
    ------
    LessonError
        Naming the row.
    """
    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    sources, rows = table["sources"], table["topics"]
    for row in rows:
        if set(row) != FIELDS:
            raise LessonError(f"{path.name}: {_named(row)}: needs exactly {', '.join(sorted(FIELDS))}")
        if row["source"] not in sources:
            raise LessonError(f"{path.name}: {_named(row)}: unknown source; there are {', '.join(sources)}")
        if not all(isinstance(row[key], str) and row[key].strip() for key in ("place", "topic")):
            raise LessonError(f"{path.name}: {_named(row)}: place and topic must be text; a number needs quotes")
        if len(row["topic"].split()) > WORDS:
            raise LessonError(f"{path.name}: {_named(row)}: a topic has at most {WORDS} words")
    counts = Counter((row["source"], row["place"], row["topic"].casefold()) for row in rows)
    for row in rows:
        if counts[row["source"], row["place"], row["topic"].casefold()] > 1:
            raise LessonError(f"{path.name}: {_named(row)}: more than once")
    return sources, rows


def coverage_page(sources: dict[str, str], rows: list[Row], lessons: dict[str, Lesson]) -> str:
    """The page in MyST Markdown: a table for each set of notes.

    Parameters
    ----------
    sources : dict of str to str
    rows : list of dict
        From `read_coverage`.
    lessons : dict of str to Lesson

    Returns
    -------
    str

    Raises
    ------
    LessonError
        Naming each lesson that does not exist, and its rows.
    """
    unknown: dict[str, list[Row]] = {}
    for row in rows:
        if row["lesson"] is not None and row["lesson"] not in lessons:
            unknown.setdefault(row["lesson"], []).append(row)
    if unknown:
        named = [f"no lesson {lesson!r} ({', '.join(map(_named, its_rows))})" for lesson, its_rows in unknown.items()]
        raise LessonError(f"{DATA.name}: {'; '.join(named)}")
    parts = [HEAD.format(topics=len(rows), taught=sum(row["lesson"] is not None for row in rows))]
    for source, name in sources.items():
        own = [row for row in rows if row["source"] == source]
        if own:
            cells = [
                (row["place"], row["topic"], lesson_link(row["lesson"]) if row["lesson"] else "to come") for row in own
            ]
            heading = f"## {name[0].upper()}{name[1:]}"
            parts.append(f"{heading}\n\n{table(('In the notes', 'Topic', 'Lesson'), cells)}")
    return "\n\n".join(parts) + "\n"


def _named(row: Row) -> str:
    return f"row {row.get('source')}, {row.get('place')}, {row.get('topic')!r}"
