"""Outputs as they are committed: nothing in them that a second run would change for no reason."""

import re

from nbformat import NotebookNode

from publishing.lesson import ROOT, tags

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
RECORDED = {"volatile", "parity"}  # outputs that are kept until the code changes


def normalise(notebook: NotebookNode) -> None:
    """Take out of an executed notebook what belongs to the run and not to the lesson, in place.

    Timestamps, the models of live widgets (their state stands in the output itself), memory addresses and
    the path of this machine go; adjacent pieces of one stream become one.

    Parameters
    ----------
    notebook : NotebookNode
        As nbclient leaves it.
    """
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        cell.outputs = _merge_streams(cell.outputs)
        for output in cell.outputs:
            if output.output_type == "stream":
                output.text = _anonymous(output.text)
                continue
            data = output.get("data", {})
            data.pop(WIDGET_VIEW, None)
            for mime in ("text/plain", "text/html"):
                if mime in data:
                    data[mime] = _anonymous(data[mime])


def keep_recorded(notebook: NotebookNode, before: NotebookNode) -> None:
    """Give the volatile cells of an unchanged lesson the outputs of the recorded run, in place.

    A timing or a trained number differs from run to run; it changes in the repository only together with the
    code, the date and the machine that are recorded beside it.

    Parameters
    ----------
    notebook, before : NotebookNode
        The new run and the committed one, with the same code cells.
    """
    recorded = (cell for cell in before.cells if cell.cell_type == "code")
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        earlier = next(recorded)
        if RECORDED & set(tags(cell)):
            cell.outputs = earlier.outputs


def _anonymous(text: str) -> str:
    return ADDRESS.sub("0x…", text).replace(str(ROOT), "live-deep-learning")


def _merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged
