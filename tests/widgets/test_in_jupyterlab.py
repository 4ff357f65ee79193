"""Every widget in a real JupyterLab with its kernel: both sides hear of each other's changes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import lesson_utils.widgets as widgets

from .harness import ROOT, in_page

CELLS = [
    # Shows the next widget each time it runs, so that one kernel serves all.
    "import json\nfrom lesson_utils import widgets\nwaiting = globals().get('waiting') or iter(widgets.__all__)\n"
    "w = getattr(widgets, next(waiting))()\nstart = w.public_state()\nw",
    "print('settings', json.dumps([type(w).__name__, w.public_state()]))",
    "for name, value in start.items():\n    setattr(w, name, value)\nprint('back')",
]
SLIDER = """() => {
  const found = [...document.querySelectorAll(".lw input[type=range][data-field]:not(:disabled)")]
    .find(node => node.checkVisibility());
  return [found.dataset.field, found.value, found.value === found.max ? found.min : found.max];
}"""
VALUE = "field => document.querySelector(`.lw input[type=range][data-field='${field}']`).value"


def notebook() -> str:
    """Write the three cells as a notebook."""
    cells = [
        {"cell_type": "code", "id": f"cell{i}", "metadata": {}, "source": source, "outputs": []}
        | {"execution_count": None}
        for i, source in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    meta = {"kernelspec": kernel}
    return json.dumps({"cells": cells, "metadata": meta, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start JupyterLab on a free port; yield the address of the notebook."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "widget.ipynb").write_text(notebook(), "utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}"]
    command += ["--allow-root", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    never = "jupyterlab.handlers.announcements.NeverCheckForUpdate"
    command += [f"--LabApp.check_for_updates_class={never}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JUPYTER_CONFIG_DIR": str(folder / "c")}
    log = (folder / "log.txt").open("w")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(120):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/lab/tree/widget.ipynb"
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def run_cell(page: Page, index: int, says: str) -> str:
    """Run one cell of the notebook and wait for what it prints."""
    cell = page.locator(".jp-CodeCell").nth(index)
    cell.locator(".cm-content").first.click()
    before = cell.locator(".jp-InputPrompt").first.inner_text()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "([index, before]) => { const prompt = document.querySelectorAll('.jp-CodeCell')[index]"
        ".querySelector('.jp-InputPrompt').innerText; return prompt !== before && /\\d/.test(prompt); }",
        arg=[index, before],
        timeout=60_000,
    )
    output = cell.locator(".jp-OutputArea-output").filter(has_text=says)
    output.first.wait_for(timeout=30_000)
    return output.first.inner_text()


def settings(page: Page) -> tuple[str, dict[str, Any]]:
    """What the kernel says of the widget that is shown: its class and its settings."""
    page.wait_for_timeout(300)  # the change travels to the kernel; nothing on the page tells when it is there
    name, state = json.loads(run_cell(page, 1, "settings").split("settings", 1)[1])
    return name, state


@pytest.fixture(scope="module")
def page(lab: str, browser: Browser) -> Iterator[Page]:
    """The notebook, open in JupyterLab with an idle kernel."""
    context = browser.new_context(viewport={"width": 1280, "height": 2400})
    page = context.new_page()
    page.goto(lab)
    page.locator(".jp-CodeCell").nth(2).wait_for(timeout=60_000)
    page.wait_for_function(
        "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'", timeout=60_000
    )
    yield page
    context.close()


def test_sliders_and_traits_follow_each_other(page: Page) -> None:
    for expected in widgets.__all__:
        cell = page.locator(".jp-CodeCell").first
        if cell.locator(".lw").count():
            page.evaluate("document.querySelector('.lw').dataset.old = ''")
        cell.locator(".cm-content").first.click()
        page.keyboard.press("Control+Enter")
        page.locator(".lw:not([data-old])").wait_for(timeout=60_000)
        name, start = settings(page)
        assert name == expected
        field, shown, other = page.evaluate(SLIDER)
        in_page(page, "setRanges", [{field: other}, ".lw"])
        _, moved = settings(page)
        assert moved != start, f"{name}: the slider {field} was moved in the browser, the kernel knows nothing of it"
        if start.get(field) == float(shown):  # a slider of the setting itself, not of its logarithm or of one entry
            assert moved[field] == pytest.approx(float(other)), name
        run_cell(page, 2, "back")
        page.wait_for_function(f"([field, value]) => ({VALUE})(field) === value", arg=[field, shown])
        assert settings(page)[1] == start
