"""A widget in a real JupyterLab with its kernel: both sides hear of each other's changes."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from .harness import ROOT, in_page

CELLS = [
    "from lesson_utils.widgets import Softmax\nw = Softmax()\nw",
    "print('value', w.temperature)",
    "w.temperature = 3.5",
]


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


def run_cell(page: Page, index: int) -> None:
    """Run one cell of the notebook."""
    page.locator(".jp-CodeCell").nth(index).locator(".cm-content").first.click()
    page.keyboard.press("Control+Enter")


def printed(page: Page) -> float:
    """Run the cell that prints the trait; return what it prints."""
    run_cell(page, 1)
    output = page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")
    output.filter(has_text="value").wait_for(timeout=30_000)
    page.wait_for_timeout(500)
    found = re.search(r"value ([\d.]+)", output.inner_text())
    assert found
    return float(found[1])


def test_slider_and_trait_follow_each_other(lab: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 1600})
    page = context.new_page()
    page.goto(lab)
    page.locator(".jp-CodeCell").nth(2).wait_for(timeout=60_000)
    page.wait_for_function(
        "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'",
        timeout=60_000,
    )
    run_cell(page, 0)
    page.locator(".lw-softmax").wait_for(timeout=60_000)
    in_page(page, "setRanges", [{"temperature": 2.2}, ".lw"])
    assert printed(page) == pytest.approx(2.2)
    run_cell(page, 2)
    page.wait_for_function("document.querySelector('.lw input[data-field=temperature]').value === '3.5'")
    assert json.loads(page.get_attribute(".lw", "data-shown") or "")["p"][0] < 0.5
    context.close()
