"""Print sizes and timings of all widgets: ``python -m tests.widgets.measure``."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from playwright.sync_api import Browser

import lesson_utils.widgets as widgets
from lesson_utils.widgets.base import LessonWidget
from tests.browser import chromium

from .harness import HOST, folder_name, in_page, opened, settle, write_page

SHARED = Path(widgets.__file__).parent / "shared" / "helpers.js"
VISITS = 5
BUDGET = {"host": 3000, "helpers": 8000, "widget": 10_000, "1x": 350, "4x": 700, "frame": 17}
SHIFTS = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => list.getEntries().forEach(e => { sum += e.value; }))
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(sum), 200);
})"""


def zipped(path: Path) -> int:
    """Return the size a server sends."""
    return len(gzip.compress(path.read_bytes(), 9))


def first_usable(browser: Browser, address: str, slower: int) -> tuple[float, float]:
    """Return milliseconds until the widget answers and the layout shift meanwhile."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.goto(address)
    page.wait_for_selector("[data-ready]", state="attached")
    ready = page.evaluate("+document.querySelector('[data-ready]').dataset.ready")
    shift = page.evaluate(SHIFTS)
    page.close()
    return ready, shift


def middle(visits: Iterable[tuple[float, ...]]) -> list[float]:
    """Return the median of each number: a single visit also measures what else the machine does."""
    return [median(numbers) for numbers in zip(*visits, strict=True)]


def busy(client: Any) -> float:
    """Return seconds of processor time the page's main thread has used."""
    metrics = client.send("Performance.getMetrics")["metrics"]
    return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))


def measure(browser: Browser, cls: type[LessonWidget], folder: Path) -> dict[str, Any]:
    """Measure one widget on a page of its own."""
    widget = cls()
    name = folder_name(widget)
    address = write_page(folder, [widget])
    usable = {rate: middle(first_usable(browser, address, rate) for _ in range(VISITS)) for rate in (1, 4)}
    with opened(browser, address) as page:
        fields = page.eval_on_selector_all(
            ".lw input[type=range]:not([disabled])",
            "all => all.filter(n => n.checkVisibility()).map(n => n.dataset.field)",
        )
        client = page.context.new_cdp_session(page)
        client.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = busy(client)
        frames = [time for field in fields[:4] for time in in_page(page, "drag", [field, 60])]
        work = 1000 * (busy(client) - before) / max(1, len(frames))
        settle(page)
        height = page.evaluate("document.querySelector('.lw').offsetHeight")
    with opened(browser, address, 360) as page:
        narrow = page.evaluate("document.querySelector('.lw').offsetHeight")
    return {
        "widget": name,
        "js": zipped(SHARED.parents[1] / name / "widget.js"),
        "1x": usable[1][0],
        "4x": usable[4][0],
        "shift": usable[1][1],
        "frame": float(np.percentile(frames, 95)) if frames else 0.0,
        "work": work,
        "wide": height,
        "narrow": narrow,
    }


def main() -> None:
    """Print one line a widget, and what is over its budget."""
    print(f"host {zipped(HOST)} B of {BUDGET['host']}, helpers {zipped(SHARED)} of 8000 (gzip)")
    heads = ["js", "1x ms", "4x ms", "p95 ms", "cpu ms", "shift"]
    print("widget".ljust(18) + "".join(head.rjust(8) for head in heads) + "  height 736/328")
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        for name in widgets.__all__:
            row = measure(browser, getattr(widgets, name), Path(folder))
            over = [key for key in ("1x", "4x", "frame") if row[key] > BUDGET[key]]
            over += ["js"] if row["js"] > BUDGET["widget"] else []
            print(
                f"{row['widget']:<18}{row['js']:>8}{row['1x']:>8.0f}{row['4x']:>8.0f}"
                f"{row['frame']:>8.1f}{row['work']:>8.1f}{row['shift']:>8.3f}"
                f"  {row['wide']}/{row['narrow']} px"
                f"{'  OVER: ' + ', '.join(over) if over else ''}"
            )


if __name__ == "__main__":
    main()
