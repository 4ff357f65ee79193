"""The Sphinx extension of the book: weave the pages, put cells into tabs, ship the widgets.

Weaving happens here too, not only in ``make book``, so that a plain ``jupyter-book build .`` on a fresh clone
gives the whole book.
"""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

from publishing import shown, theme
from publishing.coverage import write_coverage
from publishing.facts import write_facts
from publishing.lesson import LessonError, check_toc, read_lessons
from publishing.notes import write_notes
from publishing.tabs import tab_cells
from publishing.weave import weave_all, widgets_on
from publishing.widget_assets import widget_files


def setup(app: Sphinx) -> dict:
    """Connect the parts; called by Sphinx."""
    theme.setup(app)
    shown.setup(app)
    app.connect("config-inited", _weave)
    app.connect("doctree-read", tab_cells)
    app.connect("build-finished", _ship_widgets)
    return {"parallel_read_safe": True, "parallel_write_safe": False, "version": "1"}


def _weave(app: Sphinx, config: Config) -> None:
    try:
        lessons = read_lessons()
        check_toc(lessons)
        weave_all(lessons)
        write_notes(lessons)
        write_coverage(lessons)
        write_facts(lessons)
    except LessonError as error:
        raise ExtensionError(str(error)) from error


def _ship_widgets(app: Sphinx, exception: Exception | None) -> None:
    """Copy script and style of every widget that some page shows."""
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir, "_static", "widgets")
    folder.mkdir(parents=True, exist_ok=True)
    for name in widgets_on(read_lessons()):
        files = widget_files(name)
        (folder / f"{files.key}.js").write_text(files.script, encoding="utf-8")
        (folder / f"{files.key}.css").write_text(files.style, encoding="utf-8")
