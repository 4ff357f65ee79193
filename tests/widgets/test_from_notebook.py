"""From a kernel to a page without one: each widget as an executed notebook leaves it."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient
from playwright.sync_api import Browser

import lesson_utils.widgets as widgets
from lesson_utils.widgets import MIME
from publishing.widget_assets import widget_element

from .harness import ROOT, in_page, opened, page_of, write_files


def test_every_widget_is_mounted_from_the_executed_notebook(browser: Browser, tmp_path: Path) -> None:
    code = [f"from lesson_utils.widgets import {name}\n{name}()" for name in widgets.__all__]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in code])
    NotebookClient(notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    entries = [cell.outputs[-1]["data"][MIME] for cell in notebook.cells]
    for entry in entries:
        write_files(tmp_path, entry["name"])
    places = [widget_element(entry["name"], entry["state"], entry["label"]) for entry in entries]
    with opened(browser, page_of(tmp_path, places)) as page:
        in_page(page, "scrollThrough")
        page.wait_for_function("n => document.querySelectorAll('[data-ready]').length === n", arg=len(entries))
        assert page.locator("[data-failed]").count() == 0
