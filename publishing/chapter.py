"""The directive ``lesson-map``: a chapter's lessons, how long each takes to read and to run, and what it builds on."""

import json
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from publishing.execute import RUNS
from publishing.lesson import FRAMEWORKS, SOURCES, Lesson, LessonError
from publishing.pages import lesson_link

if TYPE_CHECKING:
    from publishing.sphinx_ext import Book


def lesson_map(chapter: str, lessons: dict[str, Lesson], runs: dict) -> str:
    """The lessons of a chapter as a list in MyST Markdown.

    Parameters
    ----------
    chapter : str
        Such as ``"cnn"``.
    lessons : dict of str to Lesson
        All of the book, in its order.
    runs : dict
        Contents of ``book/runs.json``.

    Returns
    -------
    str

    Raises
    ------
    LessonError
        If the chapter has no lesson.
    """
    chapters = list(dict.fromkeys(lesson_id.split("/")[0] for lesson_id in lessons))
    if chapter not in chapters:
        raise LessonError(f"there is no chapter {chapter!r} with lessons; there are {', '.join(chapters)}")
    own = [lesson for lesson_id, lesson in lessons.items() if lesson_id.split("/")[0] == chapter]
    lines = []
    for number, lesson in enumerate(own, start=1):
        title = f"[{chapters.index(chapter) + 1}.{number}. {lesson.title}](../{lesson.id}.ipynb)"
        lines += [f"- {title}", "", f"  {' · '.join(_facts(lesson, runs.get(lesson.id, {})))}", ""]
    return "\n".join(lines)


def _facts(lesson: Lesson, runs: dict) -> list[str]:
    facts = [f"{lesson.minutes} minutes to read"]
    times = [f"{runs[key]['seconds']:.0f} s in {name}" for key, name in FRAMEWORKS.items() if key in runs]
    if times:
        facts.append(f"runs {', '.join(times)}")
    if lesson.prerequisites:
        facts.append("builds on " + ", ".join(lesson_link(needed, up="../") for needed in lesson.prerequisites))
    return facts


def directive(book: "Book") -> type[SphinxDirective]:
    """The directive for the lessons of one build, which are not read again for each chapter.

    Parameters
    ----------
    book : Book

    Returns
    -------
    type of SphinxDirective
    """

    class LessonMap(SphinxDirective):
        """``{lesson-map}``, on the page ``book/<chapter>/index``."""

        def run(self) -> list[nodes.Node]:
            chapter = self.env.docname.split("/")[-2]
            for path in (RUNS, *SOURCES.glob(f"{chapter}/*.md")):
                self.env.note_dependency(str(path))
            try:
                text = lesson_map(chapter, book.lessons, json.loads(RUNS.read_text(encoding="utf-8")))
            except LessonError as error:
                raise self.error(str(error)) from error
            return [nodes.container("", *self.parse_text_to_nodes(text), classes=["lesson-map"])]

    return LessonMap
