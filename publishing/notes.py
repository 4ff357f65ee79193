"""All notes on how the frameworks differ, gathered from the lessons on one page."""

import re

from publishing.lesson import BOOK, Lesson
from publishing.pages import write_page

PAGE = BOOK / "frameworks.md"
NOTE = re.compile(r"^(?P<fence>:{3,})\{admonition\}[^\n]*\n:class: frameworks\n(?P<body>.*?)^(?P=fence)$", re.M | re.S)
HEAD = """# PyTorch ↔ Paddle

The differences that the lessons come across, in the order of the book. Each line is checked by a test
against the versions this book is built with.
"""


def write_notes(lessons: dict[str, Lesson]) -> None:
    """Write the page of notes; it is generated and not committed.

    Parameters
    ----------
    lessons : dict of str to Lesson
    """
    parts = [HEAD]
    for lesson in lessons.values():
        notes = notes_of(lesson)
        if notes:
            parts += [f"## [{lesson.title}]({lesson.id}.ipynb)", *notes]
    write_page(PAGE, "\n\n".join(parts) + "\n")


def notes_of(lesson: Lesson) -> list[str]:
    """The notes of one lesson, in MyST Markdown."""
    text = "\n\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    return [found["body"].strip() for found in NOTE.finditer(text)]
