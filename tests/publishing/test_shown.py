"""A lesson's widget on a page of prose."""

import pytest

from publishing.lesson import ROOT, LessonError, read_lessons
from publishing.shown import first_widget


@pytest.fixture(scope="module")
def lessons():
    return read_lessons()


def test_the_widget_is_the_one_that_the_lesson_displays_first(lessons):
    widget = first_widget(lessons["cnn/convolution"])
    assert widget["name"] == "convolution" and widget["state"]["kernel_size"] == 3 and widget["label"]


def test_a_lesson_without_widget_cannot_show_one(lessons):
    with pytest.raises(LessonError, match="tensors/tensors: .* it has none"):
        first_widget(lessons["tensors/tensors"])


def test_the_front_page_shows_what_the_lesson_shows():
    """The built pages: the same element on both, and the front page asks for the script that fills it."""
    front = (ROOT / "_build/html/index.html").read_text(encoding="utf-8")
    lesson = (ROOT / "_build/html/book/cnn/convolution.html").read_text(encoding="utf-8")
    element = front[front.index('<div class="lesson-widget"') :].partition("</div>")[0]
    assert element in lesson and "widget-host.js" in front
