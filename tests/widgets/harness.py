"""Puts widgets on a page the way the site does, and opens it in Chromium."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from lesson_utils.widgets.base import LessonWidget
from publishing.widget_assets import widget_element, widget_files

ROOT = Path(__file__).parents[2]
HOST = ROOT / "assets" / "site" / "widget-host.js"
JS = Path(__file__).parent / "js"

# The surroundings a widget meets on the site: a column of text, a sign of the theme.
PAGE = """<!doctype html>
<html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>Widgets</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'self' file:">
<link rel="stylesheet" href="_static/page.css">
<script defer src="_static/widget-host.js"></script></head>
<body><main><h1>A page with widgets</h1>{places}</main></body></html>"""
PAGE_CSS = """body { margin: 0; font: 16px/1.6 sans-serif; background: #fff; color: #1a2027 }
html[data-theme=dark] body { background: #121212; color: #ced6dd }
main { max-width: 46rem; margin: auto; padding: 0 1rem }"""


def folder_name(widget: LessonWidget) -> str:
    """Return the folder a widget's class is in."""
    return str(widget._anywidget_id).split(".")[-2]


def write_page(folder: Path, widgets: list[LessonWidget | tuple[type, dict[str, Any]]], theme: str = "light") -> str:
    """Write a page with these widgets and return its file:// address."""
    places = []
    for entry in widgets:
        widget = entry if isinstance(entry, LessonWidget) else entry[0]()
        state = widget.public_state() if isinstance(entry, LessonWidget) else entry[1]
        write_files(folder, folder_name(widget))
        places.append(widget_element(folder_name(widget), state, widget.describe()))
    return page_of(folder, places, theme)


def write_files(folder: Path, name: str) -> None:
    """Put a widget's script and stylesheet where the static host looks for them."""
    static = folder / "_static" / "widgets"
    static.mkdir(parents=True, exist_ok=True)
    files = widget_files(name)
    (static / f"{files.key}.js").write_text(files.script, "utf-8")
    (static / f"{files.key}.css").write_text(files.style, "utf-8")


def page_of(folder: Path, places: list[str], theme: str = "light") -> str:
    """Write a page around the elements of widgets and return its file:// address."""
    static = folder / "_static"
    (static / "page.css").write_text(PAGE_CSS, "utf-8")
    (static / "widget-host.js").write_text(HOST.read_text("utf-8"), "utf-8")
    page = folder / f"page-{theme}.html"
    page.write_text(PAGE.format(theme=theme, places="\n".join(places)), "utf-8")
    return page.as_uri()


@contextlib.contextmanager
def opened(browser: Browser, address: str, width: int = 1280, **options: Any) -> Iterator[Page]:
    """Open a page; at the end nothing may have failed, and nothing asked of another host."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on(
        "console",
        lambda line: trouble.append(line.text) if line.type in {"error", "warning"} else None,
    )
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else trouble.append(r.url))
    page.goto(address)
    page.wait_for_selector(".lesson-widget:is([data-ready], [data-failed])", timeout=10_000, state="attached")
    trouble += page.eval_on_selector_all("[data-failed]", "all => all.map(one => one.dataset.failed)")
    assert not trouble, trouble
    yield page
    context.close()
    assert not trouble, trouble


def settle(page: Page) -> None:
    """Wait until what was changed is drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def in_page(page: Page, name: str, argument: Any = None) -> Any:
    """Run one of the functions of js/page.js in the page."""
    if not page.evaluate("'widgetTests' in globalThis"):
        page.evaluate((JS / "page.js").read_text("utf-8"))
    return page.evaluate("([name, argument]) => widgetTests[name](argument)", [name, argument])


def set_ranges(page: Page, values: dict[str, float], within: str = ".lw") -> None:
    """Move the sliders of these settings, as dragging them does, and wait until that is drawn."""
    in_page(page, "setRanges", [values, within])


def call_js(widget: str, calls: list[list[Any]]) -> list[Any]:
    """Call plain functions of a widget's front end under Node: [[name, argument, …], …]."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(calls, file)
        file.flush()
        command = ["node", str(JS / "call.mjs"), widget, file.name]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def axe_source() -> str:
    """Return the accessibility checker, or say how to get it."""
    path = ROOT / "assets" / "node_modules" / "axe-core" / "axe.min.js"
    assert path.is_file(), "axe-core is missing: run `npm ci` in assets/"
    return path.read_text("utf-8")


def axe_violations(page: Page) -> list[str]:
    """Return what the checker finds wrong with the page, contrast included."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(axe_source())
    tags = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
    # Without resultTypes it would also write a selector for every element that passes, which takes most of the time.
    run = "tags => axe.run(document, {preload: false, runOnly: tags, resultTypes: ['violations']})"
    violations = page.evaluate(run, tags)["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]} ({len(v['nodes'])})" for v in violations]
