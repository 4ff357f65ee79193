"""Neighbouring cells of the two frameworks become one tab set.

A ``code-cell`` inside a ``tab-set`` directive is lost in myst-nb, so the cells stand side by side in the
notebook and are put into tabs once the page is a document tree.
"""

from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx_design.shared import create_component

from publishing.lesson import FRAMEWORKS


def tab_cells(app: Sphinx, document: nodes.document) -> None:
    """Handler of ``doctree-read``: wrap each run of framework cells, in place."""
    for parent in {id(cell.parent): cell.parent for cell in _cells(document)}.values():
        for run in list(_runs(parent)):
            position = parent.index(run[0])
            for cell in run:
                parent.remove(cell)
            parent.insert(position, _tab_set(run))


def _cells(document: nodes.document) -> Iterator[nodes.container]:
    for node in document.findall(nodes.container):
        if _framework(node):
            yield node


def _framework(node: nodes.Node) -> str | None:
    classes = node.get("classes", []) if isinstance(node, nodes.container) else []
    return next((name for name in FRAMEWORKS if "cell" in classes and f"tag_{name}" in classes), None)


def _runs(parent: nodes.Element) -> Iterator[list[nodes.container]]:
    """Groups of neighbours: the cells of torch, then those of paddle; a third part starts a new group."""
    run: list[nodes.container] = []
    for child in [*parent.children, None]:
        framework = _framework(child) if child is not None else None
        begins_anew = bool(run) and framework == "torch" and _framework(run[-1]) == "paddle"
        if run and (framework is None or begins_anew):
            yield run
            run = []
        if framework:
            run.append(child)


def _tab_set(run: list[nodes.container]) -> nodes.Node:
    tab_set = create_component("tab-set", classes=["sd-tab-set", "framework-tabs"])
    names = [name for name in FRAMEWORKS if any(_framework(cell) == name for cell in run)]
    for index, name in enumerate(names):
        label = nodes.rubric("", "", nodes.Text(FRAMEWORKS[name]), classes=["sd-tab-label"])
        label["sync_id"], label["sync_group"] = name, "framework"
        content = create_component("tab-content", classes=["sd-tab-content"])
        content += [cell for cell in run if _framework(cell) == name]
        item = create_component("tab-item", classes=["sd-tab-item"], selected=index == 0)
        item += [label, content]
        tab_set += item
    return tab_set
