"""The directive ``lesson-widget``: a page of prose shows the first widget of a lesson, as the lesson shows it."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from publishing.lesson import SOURCES, Lesson, LessonError, read_lesson
from publishing.weave import displayed_widgets
from publishing.widget_assets import widget_element


def first_widget(lesson: Lesson) -> dict[str, Any]:
    """What the executed PyTorch notebook of a lesson says of its first widget: name, state and label.

    Parameters
    ----------
    lesson : Lesson

    Returns
    -------
    dict

    Raises
    ------
    LessonError
        If the lesson displays none.
    """
    for widget in displayed_widgets(lesson):
        return widget
    raise LessonError(f"{lesson.id}: a page wants to show its widget, and it has none")


class LessonWidget(SphinxDirective):
    """``{lesson-widget} mlp/softmax-and-losses``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Put the widget's element into the page; it is filled as on a lesson's page."""
        path = SOURCES / f"{self.arguments[0]}.md"
        try:
            if not path.is_file():
                raise LessonError(f"there is no lesson {self.arguments[0]} whose widget could be shown")
            widget = first_widget(read_lesson(path))
        except LessonError as error:
            raise self.error(str(error)) from error
        element = widget_element(widget["name"], widget["state"], widget["label"])
        return [nodes.raw("", f'<div class="shown-widget">{element}</div>', format="html")]


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("lesson-widget", LessonWidget)
