"""`make new`: the lesson it writes is read and executed as it stands, and nothing is written over."""

import shutil

import pytest
import yaml

from publishing.execute import execute
from publishing.lesson import ROOT, LessonError, in_book_order, read_lesson, read_lessons
from publishing.new import new_lesson


@pytest.fixture
def book(tmp_path):
    shutil.copy(ROOT / "_toc.yml", tmp_path)
    (tmp_path / "lessons_src" / "cnn").mkdir(parents=True)
    return tmp_path


def test_new_lesson_is_whole_and_last_in_its_chapter(book):
    path = new_lesson("cnn/seeing-double", book)
    lesson = read_lesson(path, book / "lessons_src")
    assert lesson.id == "cnn/seeing-double" and set(lesson.prerequisites) <= set(read_lessons())
    in_book_order({lesson.id: lesson}, book / "_toc.yml")
    parts = yaml.safe_load((book / "_toc.yml").read_text())["parts"]
    (chapter,) = [one for one in parts[0]["chapters"] if one["file"] == "book/cnn/index"]
    assert chapter["sections"][-1] == {"file": "book/cnn/seeing-double"}
    assert len(chapter["sections"]) > 1


def test_first_lesson_of_a_chapter(book):
    (book / "_toc.yml").write_text(
        "parts:\n  - chapters:\n      - file: book/gan/index\n      - file: book/cnn/index\n"
    )
    new_lesson("gan/forgers", book)
    chapters = yaml.safe_load((book / "_toc.yml").read_text())["parts"][0]["chapters"]
    assert chapters[0] == {"file": "book/gan/index", "sections": [{"file": "book/gan/forgers"}]}


def test_two_lessons_of_one_name_have_their_own_labels(book):
    first, second = (new_lesson(f"{chapter}/seeing-double", book) for chapter in ("cnn", "rnn"))
    assert ":label: ex-seeing-double-1" in first.read_text("utf-8")
    assert ":label: ex-rnn-seeing-double-1" in second.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_new_lesson_runs_as_it_stands(book, framework):
    lesson = read_lesson(new_lesson("cnn/seeing-double", book), book / "lessons_src")
    notebook, _ = execute(lesson, framework)
    said = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    for number in (1, 2):
        assert said.index(f"Exercise {number}: not yet") < said.index(f"Exercise {number}: passed")


@pytest.mark.parametrize(
    ("lesson_id", "complaint"),
    [("lenet", "write chapter/name"), ("CNN/x", "small letters"), ("cns/x", "no chapter 'cns'.*there are start")],
)
def test_mistakes_are_named(book, lesson_id, complaint):
    with pytest.raises(LessonError, match=complaint):
        new_lesson(lesson_id, book)


def test_nothing_is_written_over(book):
    path = new_lesson("cnn/seeing-double", book)
    path.write_text("mine")
    before = (book / "_toc.yml").read_text()
    with pytest.raises(LessonError, match="is there already"):
        new_lesson("cnn/seeing-double", book)
    assert path.read_text() == "mine" and (book / "_toc.yml").read_text() == before
