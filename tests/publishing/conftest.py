"""A small book of its own for each test: real sources, real kernels, real Sphinx."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSON = (Path(__file__).parent / "tiny.md").read_text(encoding="utf-8")
TOC = "format: jb-book\nroot: book/index\nchapters:\n  - file: book/demo/tiny\n"


class Project:
    """A copy of the publishing code with one tiny lesson."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lesson = root / "lessons_src" / "demo" / "tiny.md"
        shutil.copytree(ROOT / "publishing", root / "publishing", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("lesson_utils", "assets", "requirements.txt", "_config.yml"):
            (root / name).symlink_to(ROOT / name)
        self.lesson.parent.mkdir(parents=True)
        self.lesson.write_text(LESSON, encoding="utf-8")
        (root / "book").mkdir()
        shutil.copy(ROOT / "book" / "references.bib", root / "book")
        (root / "book" / "index.md").write_text("# A small book\n\nWith a formula, $a^2$.\n", encoding="utf-8")
        (root / "_toc.yml").write_text(TOC)

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """``python -m publishing …`` in the small book."""
        environment = {**os.environ, "PYTHONPATH": str(self.root), "GITHUB_REPOSITORY": ""}
        command = [sys.executable, "-m", "publishing", *arguments]
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True)

    def edit(self, old: str, new: str) -> None:
        """Replace a piece of the lesson."""
        text = self.lesson.read_text(encoding="utf-8")
        assert old in text
        self.lesson.write_text(text.replace(old, new, 1), encoding="utf-8")

    def notebook(self, framework: str) -> Path:
        return self.root / "book" / "demo" / f"tiny.{framework}.ipynb"

    @property
    def page(self) -> Path:
        return self.root / "_build" / "html" / "book" / "demo" / "tiny.html"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A small book that has not been built."""
    return Project(tmp_path / "book-of-a-test")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A small book that has been built; tests that change it must copy it."""
    project = Project(tmp_path_factory.mktemp("built") / "book-of-a-test")
    done = project.run("book")
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def copy_of_built(built: Project, tmp_path: Path) -> Project:
    """A built book that a test may break."""
    copy = object.__new__(Project)
    copy.root = tmp_path / "book-of-a-test"
    copy.lesson = copy.root / "lessons_src" / "demo" / "tiny.md"
    shutil.copytree(built.root, copy.root, symlinks=True)
    return copy
