"""What holds for every widget, whatever it shows."""

from __future__ import annotations

import gzip
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
import traitlets
from playwright.sync_api import Browser

import lesson_utils.widgets as widgets
from lesson_utils.widgets.base import LessonWidget

from .harness import (
    HOST,
    axe_violations,
    call_js,
    folder_name,
    in_page,
    opened,
    settle,
    write_page,
)
from .hostile import for_js, odd_value

CLASSES = [getattr(widgets, name) for name in widgets.__all__]
every = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)


def size(text: str) -> int:
    return len(gzip.compress(text.encode(), 9))


def own_files(widget: LessonWidget) -> str:
    folder = Path(widgets.__file__).parent / folder_name(widget)
    return (folder / "widget.js").read_text("utf-8")


@every
def test_files_fit_the_budget_and_the_page(cls: type[LessonWidget]) -> None:
    widget = cls()
    esm = str(widget._esm)
    assert size(own_files(widget)) <= 10_000
    assert size(esm) - size(own_files(widget)) <= 8_000
    # `</script` or `<!--` inside a page's JSON ends the script element that holds it.
    assert not re.search(r"</script|<!--", esm, re.I)
    assert not re.search(r"^\s*import\s|import\(|https?://(?!www\.w3\.org)", esm, re.M)
    assert esm.count("export default ") == 1


def test_host_fits_its_budget() -> None:
    assert size(HOST.read_text("utf-8")) <= 3_000


@every
def test_state_is_plain_json_and_complete(cls: type[LessonWidget]) -> None:
    widget = cls()
    state = json.loads(json.dumps(widget.public_state(), allow_nan=False))
    assert set(state) == set(cls.setting_names())
    assert not {"layout", "tooltip", "_esm"} & set(state)
    again = cls(**{name: value for name, value in state.items() if value is not None})
    assert again.public_state() == widget.public_state()
    assert repr(widget) == widget.describe() and "0x" not in repr(widget) and len(repr(widget)) > 20


@every
def test_unknown_setting_is_named(cls: type[LessonWidget]) -> None:
    with pytest.raises(TypeError, match="nonsense"):
        cls(nonsense=1)


@every
def test_hostile_values_are_refused_by_name(cls: type[LessonWidget]) -> None:
    rng = random.Random(1)
    names = cls.setting_names()
    shared = cls()
    accepted = 0
    for i in range(1000):
        name, value = names[i % len(names)], odd_value(rng)
        try:
            if i % 10:
                setattr(shared, name, value)
            else:
                cls(**{name: value})
            accepted += 1
        except (traitlets.TraitError, ValueError) as error:
            assert name in str(error), (name, value, error)
        json.dumps(shared.public_state(), allow_nan=False)
    assert accepted < 900


@every
def test_hostile_states_never_throw_in_the_front_end(cls: type[LessonWidget]) -> None:
    rng = random.Random(2)
    names = cls.setting_names()
    states = [{name: for_js(odd_value(rng)) for name in names if rng.random() < 0.6} for _ in range(1000)]
    cleaned = call_js(folder_name(cls()), [["clean", state] for state in states])
    # Cleaning twice changes nothing, and what came out is something Python accepts too.
    again = call_js(folder_name(cls()), [["clean", state] for state in cleaned])
    assert again == cleaned


@every
def test_hostile_states_mount(cls: type[LessonWidget], browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(3)
    states = [{name: plain(odd_value(rng)) for name in cls.setting_names()} for _ in range(12)]
    with opened(browser, write_page(tmp_path, [(cls, state) for state in states])) as page:
        in_page(page, "scrollThrough")
        page.wait_for_function("() => document.querySelectorAll('[data-ready]').length === 12")
        assert page.locator("[data-failed]").count() == 0


def plain(value: Any) -> Any:
    """Keep to what JSON can say."""
    text = json.dumps(value, default=str)
    return json.loads(re.sub(r"-?\b(NaN|Infinity)\b", "1e999", text), parse_float=lambda t: min(float(t), 1e300))


@every
def test_works_in_hosts_that_differ(cls: type[LessonWidget], browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [cls()])) as page:
        for style in ["jupyter", "marimo", "panel", "myst"]:
            shown = in_page(page, "otherHost", style)
            assert shown["changed"], style
            assert shown["left"] == 0, style


@every
def test_mounting_fifty_times_leaves_nothing(cls: type[LessonWidget], browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [cls()])) as page:
        client = page.context.new_cdp_session(page)

        def counts() -> dict[str, float]:
            client.send("HeapProfiler.collectGarbage")
            found = client.send("Memory.getDOMCounters")
            heap = client.send("Runtime.getHeapUsage")["usedSize"]
            return {"listeners": found["jsEventListeners"], "nodes": found["nodes"], "heap": heap}

        in_page(page, "remount", 5)
        before = counts()
        in_page(page, "remount", 50)
        after = counts()
        assert after["listeners"] <= before["listeners"] + 2
        assert after["nodes"] <= before["nodes"] + 20
        assert after["heap"] <= before["heap"] + 500_000


@every
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360)])
def test_nothing_for_the_accessibility_checker(
    cls: type[LessonWidget], theme: str, width: int, browser: Browser, tmp_path: Path
) -> None:
    with opened(browser, write_page(tmp_path, [cls()], theme), width) as page:
        page.click(".lw-data > summary")
        settle(page)
        assert axe_violations(page) == []


@every
def test_accessibility_in_every_mode(cls: type[LessonWidget], browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [cls()])) as page:
        found = {}
        choices = "all => all.map(one => [one.dataset.field, one.value])"
        for field, value in page.eval_on_selector_all(".lw-choice input", choices):
            option = page.locator(f'.lw-choice input[data-field="{field}"][value="{value}"]')
            if option.is_visible() and option.is_enabled() and not option.is_checked():
                option.check(force=True)
                settle(page)
                found[field, value] = axe_violations(page)
        assert not any(found.values()), {mode: lines for mode, lines in found.items() if lines}


@every
def test_phone_width_needs_no_sideways_scrolling(cls: type[LessonWidget], browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [cls()]), 360) as page:
        wide = "document.documentElement.scrollWidth"
        assert page.evaluate(wide) <= 360
        # The widest settings too: every slider at its end, then every slider at its beginning.
        for end in ("max", "min"):
            in_page(page, "allRanges", end)
            assert page.evaluate(wide) <= 360, end
        assert in_page(page, "smallTargets") == []


@every
def test_every_control_is_reached_by_tab(cls: type[LessonWidget], browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [cls()])) as page:
        wanted, seen = in_page(page, "tabStops"), 0
        for _ in range(wanted + 30):
            page.keyboard.press("Tab")
            seen = in_page(page, "focused")
            if seen == wanted:
                break
        assert seen == wanted


@every
def test_reset_brings_the_start_back(cls: type[LessonWidget], browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [cls()])) as page:
        # The text for screen readers comes later, so that it can be listened to.
        rest = "[...document.querySelectorAll('.lw > :not([role=status])')]"
        text = f"() => {rest}.map(part => part.innerText).join(' ')"
        settle(page)
        start = page.evaluate(text)
        assert "[object" not in start and "undefined" not in start and "NaN" not in start
        in_page(page, "allRanges", "max")
        assert page.evaluate(text) != start
        page.get_by_role("button", name="Reset").click()
        settle(page)
        assert page.evaluate(text) == start
