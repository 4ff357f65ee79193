"""Every note "PyTorch ↔ Paddle" of a lesson is tested in ``frameworks/test_<chapter>.py``; a new one fails here."""

from importlib import import_module
from pathlib import Path

from publishing.lesson import read_lessons
from publishing.notes import notes_of

CHAPTERS = sorted(path.stem for path in (Path(__file__).parent / "frameworks").glob("test_*.py"))


def test_every_note_is_known():
    tested = {}
    for chapter in CHAPTERS:
        tested |= import_module(f"tests.lessons.frameworks.{chapter}").NOTES
    found = {lesson.id: len(notes_of(lesson)) for lesson in read_lessons().values() if notes_of(lesson)}
    assert found == tested, "write a test for the new note and count it in NOTES of its chapter"
