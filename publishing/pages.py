"""What the pages made from data have in common: tables, links to lessons, and writing only what is new."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write_page(page: Path, text: str) -> None:
    """Write a generated page unless it says so already: Sphinx builds a page anew when its file is touched.

    Parameters
    ----------
    page : Path
    text : str
    """
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table in Markdown.

    Parameters
    ----------
    heads : sequence of str
    rows : sequence of sequence
        Of as many cells; a bar in one stays a bar.

    Returns
    -------
    str
    """
    lines = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in (heads, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(heads), *lines[1:]])


def lesson_link(lesson_id: str, up: str = "") -> str:
    """A link to a lesson.

    Parameters
    ----------
    lesson_id : str
    up : str
        The way from the page to ``book``: nothing for a page in it, ``"../"`` for one of a chapter.

    Returns
    -------
    str
        The file's name says what a lesson is about; its title is a question, and too long to stand often.
    """
    return f"[{lesson_id.rsplit('/', 1)[-1].replace('-', ' ')}]({up}{lesson_id}.ipynb)"
