"""From the lesson and its two executed notebooks to one page."""

import json
from collections.abc import Iterator
from itertools import groupby

import nbformat
from nbformat import NotebookNode

from lesson_utils.parity import MIME as PARITY
from lesson_utils.parity import compare
from lesson_utils.widgets import MIME as WIDGET
from publishing.execute import RUNS, read, write
from publishing.figures import figure_element
from publishing.header import header
from publishing.lesson import FRAMEWORKS, Lesson, LessonError, framework_of, tags
from publishing.plain import to_page
from publishing.split import KERNEL, code_hash, kept_cells, split
from publishing.widget_assets import widget_element

Outputs = dict[str, NotebookNode]  # framework -> executed copy of one source cell


def weave_all(lessons: dict[str, Lesson]) -> None:
    """Write the page of every lesson beside its notebooks; an unchanged page is not touched."""
    runs = json.loads(RUNS.read_text()) if RUNS.exists() else {}
    for lesson in lessons.values():
        write(weave(lesson, lessons, runs), lesson.page)


def displayed_widgets(lesson: Lesson) -> Iterator[dict]:
    """What the executed PyTorch notebook says of each widget it displays: name, state and label."""
    for cell in read(lesson.notebook("torch")).cells:
        for output in cell.get("outputs", []):
            if WIDGET in output.get("data", {}):
                yield output["data"][WIDGET]


def widgets_on(lessons: dict[str, Lesson]) -> set[str]:
    """Names of the widgets that the executed notebooks display."""
    return {widget["name"] for lesson in lessons.values() for widget in displayed_widgets(lesson)}


def weave(lesson: Lesson, lessons: dict[str, Lesson], runs: dict) -> NotebookNode:
    """Source order, outputs from the two runs.

    Parameters
    ----------
    lesson : Lesson
    lessons : dict of str to Lesson
        All lessons, for the titles of prerequisites.
    runs : dict
        Contents of ``book/runs.json``.

    Returns
    -------
    NotebookNode
        A notebook that myst-nb renders without executing. Neighbouring cells tagged torch and paddle become one
        tab set in `publishing.tabs`.

    Raises
    ------
    LessonError
        If a notebook is missing or was executed from other code.
    """
    executed = _executed_cells(lesson)
    text = f"# {lesson.title}\n\n{header(lesson, lessons, runs)}"
    cells = [nbformat.v4.new_markdown_cell(text)]
    kinds = groupby(lesson.cells, key=lambda cell: (cell.cell_type, framework_of(cell) is None))
    for (kind, common), group in kinds:
        if kind == "markdown":
            together = list(group)
            cells += [_text(cell) for cell in together] if common else [_text_tabs(together)]
        else:
            for cell in group:
                cells += _code(cell, executed[id(cell)])
                cells += _parity_line(lesson, cell, executed)
    for index, cell in enumerate(cells):
        cell.id = f"c{index:03}"
    page = nbformat.v4.new_notebook(cells=cells)
    page.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    return page


def _executed_cells(lesson: Lesson) -> dict[int, Outputs]:
    """For each source cell, its executed copies."""
    executed: dict[int, Outputs] = {id(cell): {} for cell in lesson.cells}
    for framework in FRAMEWORKS:
        path = lesson.notebook(framework)
        if not path.exists():
            raise LessonError(f"{lesson.id} ({framework}): {path.name} is missing; run `make book`")
        notebook = read(path)
        if code_hash(notebook.cells) != code_hash(split(lesson, framework).cells):
            raise LessonError(f"{lesson.id} ({framework}): the notebook is stale; run `make book`")
        copies = iter(cell for cell in notebook.cells if cell.cell_type == "code")
        for cell in kept_cells(lesson, framework):
            if cell.cell_type == "code":
                executed[id(cell)][framework] = next(copies)
    return executed


def _text(cell: NotebookNode) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(to_page(cell.source))


def _text_tabs(cells: list[NotebookNode]) -> NotebookNode:
    """Text that differs by framework, as a tab set of its own."""
    items = []
    for framework, name in FRAMEWORKS.items():
        text = "\n\n".join(to_page(cell.source) for cell in cells if framework_of(cell) == framework)
        if text:
            items.append(f"::::{{tab-item}} {name}\n:sync: {framework}\n\n{text}\n::::")
    body = "\n".join(items)
    return nbformat.v4.new_markdown_cell(f":::::{{tab-set}}\n:sync-group: framework\n\n{body}\n:::::")


def _code(cell: NotebookNode, executed: Outputs) -> Iterator[NotebookNode]:
    framework = framework_of(cell)
    if framework:
        yield _page_cell(cell, _page_outputs(executed[framework]), [framework])
        return
    torch, paddle = (_page_outputs(executed[name]) for name in FRAMEWORKS)
    if torch == paddle:
        yield _page_cell(cell, torch)
    else:  # one text, two results: the code once, the results as tabs
        yield _page_cell(cell, [])
        yield _page_cell(cell, torch, ["torch", "remove-input"])
        yield _page_cell(cell, paddle, ["paddle", "remove-input"])


def _page_cell(cell: NotebookNode, outputs: list[NotebookNode], extra: list[str] | None = None) -> NotebookNode:
    page_cell = nbformat.v4.new_code_cell(cell.source, outputs=outputs)
    kept = [tag for tag in tags(cell) if tag not in FRAMEWORKS] + (extra or [])
    if "remove-input" in kept:
        kept = [tag for tag in kept if tag != "hide-input"]
    if "solution" in kept:
        kept.append("hide-cell")
    page_cell.metadata = nbformat.from_dict({"tags": kept} if kept else {})
    for tag, label in {"solution": "Solution", "hide-input": "Code"}.items():
        if tag in kept:
            page_cell.metadata["mystnb"] = {"code_prompt_show": label, "code_prompt_hide": label}
    return page_cell


def _page_outputs(executed: NotebookNode) -> list[NotebookNode]:
    return [_page_output(nbformat.from_dict(output)) for output in executed.outputs]


def _page_output(output: NotebookNode) -> NotebookNode:
    data = output.get("data", {})
    if WIDGET in data:
        widget = data[WIDGET]
        data = {"text/html": widget_element(widget["name"], widget["state"], widget["label"])}
    elif "image/svg+xml" in data:
        data = {"text/html": figure_element(data["image/svg+xml"], data["text/plain"])}
    elif PARITY in data:
        data = {"text/plain": data["text/plain"]}
    if data:
        output["data"] = data
    if "execution_count" in output:
        output["execution_count"] = None  # the two notebooks count differently, and no page shows it
    return output


def _parity_line(lesson: Lesson, cell: NotebookNode, executed: dict[int, Outputs]) -> Iterator[NotebookNode]:
    """After the last parity cell: how far the two frameworks are apart."""
    parity_cells = [other for other in lesson.cells if "parity" in tags(other)]
    if not parity_cells or cell is not parity_cells[-1]:
        return
    reports = parity_reports(lesson, executed)
    differences = compare(reports["torch"], reports["paddle"])
    found = ", ".join(f"{name.replace('_', ' ')} {value:.1e}" for name, value in differences.items())
    yield nbformat.v4.new_markdown_cell(f"Largest relative difference between the two frameworks: {found}.")


def parity_reports(lesson: Lesson, executed: dict[int, Outputs] | None = None) -> dict[str, dict]:
    """What each framework's notebook reported in its parity cell.

    Parameters
    ----------
    lesson : Lesson
    executed : dict, optional
        Executed copies by source cell; read from the notebooks if absent.

    Returns
    -------
    dict of str to dict
        By framework; empty if the lesson has no parity cell.

    Raises
    ------
    LessonError
        If only one framework reported.
    """
    copies = executed or _executed_cells(lesson)
    reports = {
        framework: output["data"][PARITY]
        for cell in lesson.cells
        if "parity" in tags(cell)
        for framework, copy in copies[id(cell)].items()
        for output in copy.outputs
        if PARITY in output.get("data", {})
    }
    if len(reports) == 1:
        raise LessonError(f"{lesson.id}: parity is reported in {next(iter(reports))} only")
    return reports
