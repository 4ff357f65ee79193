"""A lesson: one MyST Markdown notebook with front matter, read and checked."""

import re
from dataclasses import dataclass
from pathlib import Path

import jupytext
import yaml
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "lessons_src"
BOOK = ROOT / "book"

FRAMEWORKS = {"torch": "PyTorch", "paddle": "PaddlePaddle"}
TAGS = {*FRAMEWORKS, "volatile", "setup", "checks", "parity", "stub", "check", "solution", "hide-input", "remove-cell"}
FRONT_MATTER = {"title": str, "objectives": list, "prerequisites": list, "minutes": int}


class LessonError(Exception):
    """Something in a lesson that its author has to mend: one line that says what, where and what to do."""


@dataclass(frozen=True)
class Lesson:
    """One lesson as written: its front matter and its cells, of both frameworks."""

    id: str  # "cnn/lenet": the path below lessons_src without its ending
    title: str
    objectives: list[str]
    prerequisites: list[str]
    minutes: int
    cells: list[NotebookNode]

    @property
    def page(self) -> Path:
        """The woven notebook that becomes the page."""
        return BOOK / f"{self.id}.ipynb"

    def notebook(self, framework: str) -> Path:
        """The executed notebook of one framework."""
        return BOOK / f"{self.id}.{framework}.ipynb"


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell, framework tags included."""
    return list(cell.metadata.get("tags", []))


def framework_of(cell: NotebookNode) -> str | None:
    """``"torch"``, ``"paddle"``, or None for a cell that goes to both."""
    return next((tag for tag in tags(cell) if tag in FRAMEWORKS), None)


def place(cells: list[NotebookNode], cell: NotebookNode) -> str:
    """How an error names a cell: its number among the code cells and its first line."""
    first_line = cell.source.strip().split("\n")[0][:50]
    numbers = [id(other) for other in cells if other.cell_type == "code"]
    number = f"cell {numbers.index(id(cell)) + 1}" if id(cell) in numbers else "text"
    return f'{number} "{first_line}"'


def read_lesson(path: Path, sources: Path = SOURCES) -> Lesson:
    """Read one lesson and check what can be checked without running it.

    Parameters
    ----------
    path : Path
        A file ending in ``.md`` below `sources`.
    sources : Path
        The folder that lesson ids are relative to.

    Returns
    -------
    Lesson

    Raises
    ------
    LessonError
        If the front matter is incomplete or a cell has a tag that means nothing.
    """
    lesson_id = path.relative_to(sources).with_suffix("").as_posix()
    try:
        notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="md:myst")
    except (ValueError, yaml.YAMLError) as error:
        raise LessonError(f"{lesson_id}: not a MyST Markdown notebook: {' '.join(str(error).split())}") from error
    front = notebook.metadata.get("lesson", {})
    _check_front_matter(lesson_id, front)
    cells = [cell for cell in notebook.cells if cell.source.strip()]
    for cell in cells:
        _check_tags(lesson_id, cells, cell)
    return Lesson(lesson_id, **{key: front[key] for key in FRONT_MATTER}, cells=cells)


def read_lessons(sources: Path = SOURCES) -> dict[str, Lesson]:
    """Read all lessons below a folder and check that each prerequisite exists.

    Parameters
    ----------
    sources : Path
        By default ``lessons_src``.

    Returns
    -------
    dict of str to Lesson
        By id, sorted.

    Raises
    ------
    LessonError
        As `read_lesson`, or if a prerequisite is not a lesson.
    """
    lessons = {lesson.id: lesson for lesson in (read_lesson(path, sources) for path in sorted(sources.rglob("*.md")))}
    for lesson in lessons.values():
        for needed in lesson.prerequisites:
            if needed not in lessons:
                raise LessonError(
                    f"{lesson.id}: front matter: unknown prerequisite {needed!r}; the lessons are {', '.join(lessons)}"
                )
    return lessons


def in_book_order(lessons: dict[str, Lesson], toc: Path = ROOT / "_toc.yml") -> dict[str, Lesson]:
    """Sort lessons as the table of contents has them.

    Parameters
    ----------
    lessons : dict of str to Lesson
    toc : Path
        By default the book's.

    Returns
    -------
    dict of str to Lesson

    Raises
    ------
    LessonError
        Naming the first lesson that is missing there and the line to add.
    """
    listed = re.findall(r"\bbook/(\S+)", toc.read_text(encoding="utf-8"))
    for lesson_id in lessons:
        if lesson_id not in listed:
            raise LessonError(f"{lesson_id}: missing from _toc.yml; add the line `- file: book/{lesson_id}`")
    return {lesson_id: lessons[lesson_id] for lesson_id in listed if lesson_id in lessons}


def _check_front_matter(lesson_id: str, front: dict) -> None:
    for key, kind in FRONT_MATTER.items():
        if not isinstance(front.get(key), kind):
            raise LessonError(f"{lesson_id}: front matter: `lesson: {key}:` must be a {kind.__name__}")
    unknown = sorted(set(front) - set(FRONT_MATTER))
    if unknown:
        raise LessonError(f"{lesson_id}: front matter: unknown key `{unknown[0]}`; known are {', '.join(FRONT_MATTER)}")
    for key in ("objectives", "prerequisites"):
        for entry in front[key]:
            if not isinstance(entry, str):
                raise LessonError(f"{lesson_id}: front matter: {key}: {entry!r} is no text; a colon needs quotes")
    if not 2 <= len(front["objectives"]) <= 4:
        raise LessonError(f"{lesson_id}: front matter: 2 to 4 objectives, not {len(front['objectives'])}")


def _check_tags(lesson_id: str, cells: list[NotebookNode], cell: NotebookNode) -> None:
    for tag in tags(cell):
        if tag not in TAGS:
            raise LessonError(
                f"{lesson_id}: {place(cells, cell)}: unknown tag {tag!r}; "
                f"a framework is torch or paddle, other tags are {', '.join(sorted(TAGS - set(FRAMEWORKS)))}"
            )
    if len(set(tags(cell)) & set(FRAMEWORKS)) > 1:
        raise LessonError(f"{lesson_id}: {place(cells, cell)}: tagged torch and paddle; leave both away to mean both")
