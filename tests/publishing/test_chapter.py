"""The map of a chapter: every lesson, with its number, its times and what it builds on."""

import json
import re

import pytest

from publishing.chapter import lesson_map
from publishing.execute import RUNS
from publishing.lesson import BOOK, ROOT, LessonError, in_book_order, read_lessons

LESSONS = in_book_order(read_lessons())
CHAPTERS = list(dict.fromkeys(lesson_id.split("/")[0] for lesson_id in LESSONS))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_lesson_has_its_times_and_what_it_builds_on(chapter):
    runs = json.loads(RUNS.read_text("utf-8"))
    items = [item for item in lesson_map(chapter, LESSONS, runs).split("\n- ") if item]
    own = [lesson for lesson_id, lesson in LESSONS.items() if lesson_id.startswith(f"{chapter}/")]
    assert len(items) == len(own)
    for item, lesson in zip(items, own, strict=True):
        assert f"{lesson.title}](../{lesson.id}.ipynb)" in item and f"{lesson.minutes} minutes to read" in item
        for run in runs[lesson.id].values():
            assert f"{run['seconds']:.0f} s in" in item
        assert re.findall(r"\(\.\./(\S+)\.ipynb\)", item)[1:] == lesson.prerequisites


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_page_of_the_chapter_shows_it_with_the_numbers_of_the_menu(chapter):
    assert "```{lesson-map}\n```" in (BOOK / chapter / "index.md").read_text("utf-8")
    page = (ROOT / "_build/html/book" / chapter / "index.html").read_text("utf-8")
    menu, shown = page.split('class="lesson-map', maxsplit=1)
    names = re.findall(r">(\d+\.\d+\. [^<]+)</span>", shown)
    assert len(names) == sum(lesson_id.startswith(f"{chapter}/") for lesson_id in LESSONS)
    for name in names:
        assert name in menu


def test_an_unknown_chapter_is_named():
    with pytest.raises(LessonError, match=r"no chapter 'gan' with lessons; there are start, tensors, "):
        lesson_map("gan", LESSONS, {})
