"""A lesson that runs and passes the contract before its author has written a word of it."""

import re
from pathlib import Path

from publishing.lesson import ROOT, LessonError

TEMPLATE = Path(__file__).parent / "templates" / "lesson.md"


def new_lesson(lesson_id: str, root: Path = ROOT) -> Path:
    """Write a lesson from the template and put it into the table of contents, last in its chapter.

    Parameters
    ----------
    lesson_id : str
        Such as ``"cnn/lenet"``.
    root : Path
        Folder of the book, with ``_toc.yml`` and ``lessons_src``.

    Returns
    -------
    Path
        The file to write in.

    Raises
    ------
    LessonError
        If the id is not one, its chapter is not in the table of contents, or there is such a lesson.
    """
    toc = root / "_toc.yml"
    text = toc.read_text("utf-8")
    if not re.fullmatch(r"[a-z0-9-]+/[a-z0-9-]+", lesson_id):
        raise LessonError(f"{lesson_id!r} is no lesson id; write chapter/name in small letters, such as cnn/lenet")
    chapter, name = lesson_id.split("/")
    chapters = re.findall(r"file: book/([a-z0-9-]+)/index", text)
    if chapter not in chapters:
        raise LessonError(f"{lesson_id}: no chapter {chapter!r} in _toc.yml; there are {', '.join(chapters)}")
    path = root / "lessons_src" / chapter / f"{name}.md"
    if path.exists():
        raise LessonError(f"{lesson_id}: {path.relative_to(root)} is there already; choose another name")
    # Labels are the book's, and another chapter may have a lesson of this name.
    label = f"{chapter}-{name}" if any(root.glob(f"lessons_src/*/{name}.md")) else name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEMPLATE.read_text("utf-8").replace("ex-NAME-", f"ex-{label}-"), "utf-8")
    toc.write_text(_with_entry(text, chapter, lesson_id), "utf-8")
    return path


def _with_entry(toc: str, chapter: str, lesson_id: str) -> str:
    """Add a lesson after the last one of its chapter."""
    lines = toc.splitlines()
    last = max(i for i, line in enumerate(lines) if line.strip().startswith(f"- file: book/{chapter}/"))
    if lines[last].strip() == f"- file: book/{chapter}/index":  # its first lesson
        indent = lines[last].index("-") + 2
        lines[last + 1 : last + 1] = [f"{' ' * indent}sections:"]
        last += 1
    else:
        indent = lines[last].index("-") - 2
    lines.insert(last + 1, f"{' ' * (indent + 2)}- file: book/{lesson_id}")
    return "\n".join(lines) + "\n"
