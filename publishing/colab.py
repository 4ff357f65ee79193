"""Notebooks for Colab: the executed ones with a first cell that installs what Colab lacks.

Colab opens notebooks from a repository on GitHub, and knows nothing of its packages. The first cell has to name the
repository, which only the machine that publishes knows, so these copies are made there and pushed to a branch of
their own; the links at the head of a lesson lead to that branch, in a fork to the fork's.
"""

import re
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
# Elsewhere than on Colab this cell does nothing: the course's package is there, and so are its widgets.
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


def for_colab(notebook: NotebookNode, framework: str, url: str) -> NotebookNode:
    """Put the cell that sets Colab up after the title.

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
    for lesson in lessons.values():
        for framework in FRAMEWORKS:
            path = folder / f"{lesson.id}.{framework}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            write(for_colab(read(lesson.notebook(framework)), framework, url), path)
