"""The pages made from data: every data set, every run, and no lesson without its time."""

import json

import pytest

from lesson_utils.data.catalogue import EMBEDDED, FULL
from publishing.execute import RUNS
from publishing.facts import RECORDED, data_page, runs_page
from publishing.lesson import LessonError, read_lessons

LESSONS = read_lessons()


def test_every_data_set_has_a_line_with_its_licence():
    lines = data_page().splitlines()
    for dataset in (*EMBEDDED, *FULL):
        found = [line for line in lines if line.startswith(f"| `{dataset.name}` |") and dataset.licence in line]
        assert found, dataset.name
        assert dataset.licence and dataset.origin


def test_every_lesson_and_every_recording_has_its_time():
    page = runs_page(LESSONS)
    runs = json.loads(RUNS.read_text("utf-8"))
    for lesson_id, lesson in LESSONS.items():
        (line,) = [line for line in page.splitlines() if f"({lesson_id}.ipynb)" in line]
        assert lesson.title.replace("|", "\\|") in line
        assert f"| {runs[lesson_id]['torch']['seconds']:.0f} | {runs[lesson_id]['paddle']['seconds']:.0f} |" in line
    for path in RECORDED.glob("*.json"):
        assert f"`python -m lesson_utils.recorded.{path.stem} " in page


def test_a_lesson_without_a_time_is_named(tmp_path):
    (tmp_path / "runs.json").write_text("{}")
    with pytest.raises(LessonError, match=r"^(\S+/\S+): no run time for torch.*make lesson L=\1`$"):
        runs_page(LESSONS, tmp_path / "runs.json")


def test_runs_of_lessons_that_are_gone_are_gone():
    assert set(json.loads(RUNS.read_text("utf-8"))) == set(LESSONS)
