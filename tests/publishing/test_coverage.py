"""The table of what the course notes list: well-formed, complete on its page, leading to lessons that exist."""

import re

import pytest

from publishing.coverage import DATA, coverage_page, read_coverage
from publishing.lesson import Lesson, LessonError, read_lessons

SOURCES, ROWS = read_coverage(DATA)
GOOD = '{source: S0, place: "1", topic: a topic, lesson: null}'


def table(tmp_path, *rows):
    path = tmp_path / "coverage.yml"
    path.write_text("sources: {S0: some notes}\ntopics:\n" + "".join(f"- {row}\n" for row in rows), encoding="utf-8")
    return path


def lesson(lesson_id):
    return Lesson(lesson_id, "A question?", ["see", "do"], [], 10, [])


def some_lessons():
    return {row["lesson"]: lesson(row["lesson"]) for row in ROWS if row["lesson"]}


def test_every_set_of_notes_has_its_topics_in_our_words():
    assert list(SOURCES) == ["S0", "S1", "S2", "S3", "S4"]
    for source in SOURCES:
        assert sum(row["source"] == source for row in ROWS) >= 40
    for row in ROWS:
        # What is copied from the notes would be Chinese.
        assert not re.search(r"[\u4e00-\u9fff]", row["topic"]), row
        assert row["lesson"] is None or re.fullmatch(r"[a-z]+/[a-z0-9-]+", row["lesson"]), row


def test_every_lesson_of_the_table_exists():
    lessons = read_lessons()
    missing = sorted({row["lesson"] for row in ROWS if row["lesson"]} - set(lessons))
    assert not missing, f"in coverage.yml, but not in lessons_src: {', '.join(missing)}"


def test_every_lesson_teaches_something_of_the_notes():
    # A lesson that no row names is outside of the syllabus, or its topics still say `lesson: null`.
    unnamed = set(read_lessons()) - {row["lesson"] for row in ROWS}
    assert not unnamed, f"add rows to coverage.yml for {', '.join(sorted(unnamed))}"


def test_the_page_shows_every_row():
    page = coverage_page(SOURCES, ROWS, some_lessons())
    for row in ROWS:
        where = f"]({row['lesson']}.ipynb)" if row["lesson"] else "to come"
        start = f"| {row['place']} | {row['topic']} | "
        assert any(line.startswith(start) and line.endswith(f"{where} |") for line in page.split("\n")), row
    assert page.count("\n| ") == len(ROWS) + len(SOURCES)  # the head of each table is the other line
    taught = sum(row["lesson"] is not None for row in ROWS)
    assert f"Of {len(ROWS)} topics {taught} have a lesson" in page


def test_missing_lessons_are_named_with_their_rows(tmp_path):
    path = table(tmp_path, '{source: S0, place: "2", topic: gone, lesson: a/gone}', GOOD)
    with pytest.raises(LessonError, match=re.escape("no lesson 'a/gone' (row S0, 2, 'gone')")) as caught:
        coverage_page(*read_coverage(path), {"a/here": lesson("a/here")})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (['{source: S0, place: "1", topic: a topic}'], "row S0, 1, 'a topic': needs exactly lesson, place"),
        ([GOOD.replace("S0", "S7")], "row S7, 1, 'a topic': unknown source; there are S0"),
        ([GOOD.replace('"1"', "1.10")], "row S0, 1.1, 'a topic': place and topic must be text"),
        ([GOOD.replace("a topic", "a b c d e f g h i")], "at most 8 words"),
        ([GOOD, GOOD.replace("a topic", "A topic")], "row S0, 1, 'a topic': more than once"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, rows, message):
    with pytest.raises(LessonError, match=re.escape(message)):
        read_coverage(table(tmp_path, *rows))
