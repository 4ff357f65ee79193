"""The Sphinx extension of the book: weave the pages, put cells into tabs, ship the widgets.

Weaving happens here too, not only in ``make book``, so that a plain ``jupyter-book build .`` on a fresh clone
gives the whole book.
"""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from publishing import chapter, shown, theme
from publishing.coverage import write_coverage
from publishing.facts import write_facts
from publishing.launch import write_zip
from publishing.lesson import Lesson, LessonError, in_book_order, read_lessons
from publishing.notes import write_notes
from publishing.tabs import tab_cells
from publishing.weave import weave_all, widgets_on
from publishing.widget_assets import widget_files


def setup(app: Sphinx) -> dict:
    """Connect the parts; called by Sphinx."""
    theme.setup(app)
    shown.setup(app)
    book = Book()
    app.add_directive("lesson-map", chapter.directive(book))
    app.connect("config-inited", book.weave)
    app.connect("doctree-read", tab_cells)
    app.connect("build-finished", book.ship)
    return {"parallel_read_safe": True, "parallel_write_safe": False, "version": "1"}


class Book:
    """The lessons of one build, which are read once."""

    def __init__(self) -> None:
        self.lessons: dict[str, Lesson] = {}

    def weave(self, app: Sphinx, config: Config) -> None:
        """Write the pages that are made from lessons, before Sphinx looks for pages."""
        try:
            self.lessons = in_book_order(read_lessons())
            for write in (weave_all, write_notes, write_coverage, write_facts):
                write(self.lessons)
        except LessonError as error:
            raise ExtensionError(str(error)) from error

    def ship(self, app: Sphinx, exception: Exception | None) -> None:
        """Put what the pages load or offer beside them: widgets, and all notebooks in one file."""
        if exception or app.builder.format != "html":
            return
        folder = Path(app.outdir, "_static", "widgets")
        folder.mkdir(parents=True, exist_ok=True)
        for name in widgets_on(self.lessons):
            files = widget_files(name)
            (folder / f"{files.key}.js").write_text(files.script, encoding="utf-8")
            (folder / f"{files.key}.css").write_text(files.style, encoding="utf-8")
        write_zip(self.lessons, Path(app.outdir, "book", "notebooks.zip"))
