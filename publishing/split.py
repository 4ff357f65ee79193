"""From a lesson to the notebook of one framework."""

import hashlib
import json

import nbformat
from nbformat import NotebookNode

from publishing.lesson import FRAMEWORKS, Lesson, framework_of, tags
from publishing.plain import to_plain

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def split(lesson: Lesson, framework: str) -> NotebookNode:
    """Keep the cells of one framework.

    Parameters
    ----------
    lesson : Lesson
    framework : {"torch", "paddle"}

    Returns
    -------
    NotebookNode
        Not executed. Its metadata holds the lesson's id and the hash of its code.
    """
    cells = [_title_cell(lesson, framework)]
    cells += [_copy(cell, framework) for cell in kept_cells(lesson, framework)]
    _give_ids(cells)
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": KERNEL,
            "language_info": {"name": "python"},
            "lesson": {"id": lesson.id, "framework": framework, "code_hash": code_hash(cells)},
        }
    )
    return notebook


def kept_cells(lesson: Lesson, framework: str) -> list[NotebookNode]:
    """The cells of a lesson that one framework's notebook has, in source order."""
    return [cell for cell in lesson.cells if framework_of(cell) in (None, framework)]


def code_hash(cells: list[NotebookNode]) -> str:
    """Hash of the code that was, or is to be, executed; text may change without a new run."""
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()


def _title_cell(lesson: Lesson, framework: str) -> NotebookNode:
    objectives = "\n".join(f"- {objective}" for objective in lesson.objectives)
    source = (
        f"# {lesson.title}\n\n*{FRAMEWORKS[framework]} notebook of the lesson `{lesson.id}`, "
        f"about {lesson.minutes} minutes.* After it you can\n\n{objectives}"
    )
    return nbformat.v4.new_markdown_cell(to_plain(source, framework))


def _copy(cell: NotebookNode, framework: str) -> NotebookNode:
    if cell.cell_type == "markdown":
        return nbformat.v4.new_markdown_cell(to_plain(cell.source, framework))
    kept = [tag for tag in tags(cell) if tag not in FRAMEWORKS]
    if {"volatile", "parity"} & set(kept):
        kept.append("nbval-ignore-output")
    copy = nbformat.v4.new_code_cell(cell.source)
    if kept:
        copy.metadata["tags"] = kept
    if {"solution", "hide-input"} & set(kept):
        copy.metadata["jupyter"] = {"source_hidden": True}  # folded in JupyterLab as on the page
    return copy


def _give_ids(cells: list[NotebookNode]) -> None:
    """Ids from the content, so that a new cell changes no other cell's id in the diff."""
    seen: dict[str, int] = {}
    for cell in cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:10]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
