"""Notebooks that leave the repository: on the branch that Colab opens, and all of them in one file.

The executed notebooks need the course's package. Where it is missing, a first cell installs it from the repository,
which only the machine that publishes knows the address of; hence these copies are made there. The links at the head
of a lesson lead to a branch of their own, in a fork to the fork's.
"""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from publishing.execute import read, write
from publishing.lesson import FRAMEWORKS, ROOT, Lesson, LessonError
from publishing.theme import repository_url

BRANCH = "colab"
FOLDER = ROOT / "_build" / "colab"
# What some lessons import besides, and the extra of pyproject.toml that brings it.
EXTRAS = {"onnx": "deployment", "tensorboard": "logging", "visualdl": "logging"}
SETUP = """\
# On Colab, and wherever the course's package is missing, this cell installs it; elsewhere it does nothing.
from importlib.util import find_spec

if find_spec("lesson_utils") is None:
    %pip install --quiet "live-deep-learning[{extras}] @ git+{url}"{more}
if find_spec("google") and find_spec("google.colab"):
    from google.colab import output

    output.enable_custom_widget_manager()"""
# Its pins are of 2023, and it works without them.
D2L = "\n    %pip install --quiet --no-deps d2l==1.0.3"


def colab_folder(url: str) -> str:
    """Where on Colab the notebooks of a repository on GitHub are found."""
    return f"{url.replace('//github.com/', '//colab.research.google.com/github/', 1)}/blob/{BRANCH}"


def with_setup(notebook: NotebookNode, framework: str, url: str) -> NotebookNode:
    """Put a cell after the title that installs what is missing.

    Parameters
    ----------
    notebook : NotebookNode
        Executed; changed in place.
    framework : {"torch", "paddle"}
    url : str
        Address of the repository.

    Returns
    -------
    NotebookNode
        The same.
    """
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)", code, flags=re.M))
    extras = [framework, "lessons", *sorted({EXTRAS[name] for name in imported & EXTRAS.keys()})]
    setup = SETUP.format(extras=",".join(extras), url=url, more=D2L if "d2l" in imported else "")
    cell = nbformat.v4.new_code_cell(setup, id="colab-setup", metadata={"tags": ["setup"]})
    notebook.cells.insert(1, cell)
    return notebook


def write_colab(lessons: dict[str, Lesson], folder: Path = FOLDER) -> None:
    """Write the notebooks of all lessons, in the folders of their chapters.

    Parameters
    ----------
    lessons : dict of str to Lesson
    folder : Path
        Of the branch's contents.

    Raises
    ------
    LessonError
        If the repository is not known or not on GitHub.
    """
    url = repository_url(ROOT) or ""
    if "//github.com/" not in url:
        raise LessonError("Colab opens notebooks of GitHub only; set GITHUB_REPOSITORY=owner/name or a git remote")
    for name, notebook in _copies(lessons, url):
        write(notebook, folder / name)


def write_zip(lessons: dict[str, Lesson], path: Path) -> None:
    """Write all notebooks into one file, the same bytes for the same notebooks.

    Parameters
    ----------
    lessons : dict of str to Lesson
    path : Path
        Of the archive.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, notebook in _copies(lessons, repository_url(ROOT)):
            member = zipfile.ZipInfo(f"live-deep-learning/{name}")  # dated 1980, always
            archive.writestr(member, json.dumps(notebook, ensure_ascii=False), zipfile.ZIP_DEFLATED)


def _copies(lessons: dict[str, Lesson], url: str | None) -> Iterator[tuple[str, NotebookNode]]:
    """Name and content of every notebook, with the first cell where the repository is known."""
    for lesson in lessons.values():
        for framework in FRAMEWORKS:
            notebook = read(lesson.notebook(framework))
            copy = with_setup(notebook, framework, url) if url else notebook
            yield f"{lesson.id}.{framework}.ipynb", copy
