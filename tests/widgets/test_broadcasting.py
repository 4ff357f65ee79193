"""Broadcasting: the front end stretches, adds and refuses as numpy and both frameworks do."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from playwright.sync_api import Browser, Page

from lesson_utils.widgets import Broadcasting
from lesson_utils.widgets.broadcasting import aligned, broadcast_shape, clashes, count

from .harness import call_js, in_page, opened, set_ranges, settle, write_page


def random_state(rng: random.Random) -> dict[str, Any]:
    """Two shapes of which about two in three fit."""
    full = [rng.randint(1, 6) for _ in range(4)]
    pair = [[rng.choice([n, n, 1]) for n in full[rng.randint(0, 4) :]] for _ in "ab"]
    if all(pair) and rng.random() < 0.5:
        pair[0][-1], pair[1][-1] = rng.sample(range(1, 7), 2)
    return {"a": pair[0], "b": pair[1], "seed": 0}


def numbers(s: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    a, b = (np.arange(count(tuple(s[name]))).reshape(s[name]) for name in "ab")
    return 10 * a, b


def check(shown: dict[str, Any], s: dict[str, Any]) -> None:
    a, b = numbers(s)
    assert shown["stored"] == [a.size, b.size]
    assert shown["clashes"] == clashes(tuple(s["a"]), tuple(s["b"]))
    assert [(one["a"] or 1, one["b"] or 1) for one in shown["axes"]] == aligned(tuple(s["a"]), tuple(s["b"]))
    try:
        total = a + b
    except ValueError:
        assert shown["clashes"] and shown["shape"] is None and shown["sums"] is None
        assert broadcast_shape(a.shape, b.shape) is None
        return
    assert tuple(shown["shape"]) == total.shape == broadcast_shape(a.shape, b.shape)
    assert shown["sums"] == total.ravel().tolist() and shown["shown"] == total.size
    for array, steps in zip((a, b), shown["steps"], strict=True):
        strides = np.broadcast_to(array, total.shape).strides
        # An axis of length 1 is never stepped over, so its stride may be anything.
        wanted = [stride // array.itemsize for stride, n in zip(strides, total.shape, strict=True) if n > 1]
        assert [step for step, n in zip(steps, total.shape, strict=True) if n > 1] == wanted


def read(page: Page) -> dict[str, Any]:
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def test_front_end_agrees_with_numpy_on_500_pairs() -> None:
    rng = random.Random(0)
    states = [random_state(rng) for _ in range(500)]
    for state in states:
        Broadcasting(**state).describe()
    found = call_js("broadcasting", [["solve", s] for s in states])
    for state, shown in zip(states, found, strict=True):
        check(shown, state)
    assert 100 < sum(bool(shown["clashes"]) for shown in found) < 400


def test_new_numbers_are_pairs_that_python_accepts() -> None:
    drawn = call_js("broadcasting", [["draw", seed] for seed in range(200)])
    misfits = [clashes(tuple(one["a"]), tuple(one["b"])) for one in drawn]
    assert 10 < sum(map(bool, misfits)) < 80
    for one in drawn:
        Broadcasting(**one)


def test_sliders_give_numpys_shapes_and_sums(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(1)
    with opened(browser, write_page(tmp_path, [Broadcasting()])) as page:
        for _ in range(30):
            s = random_state(rng)
            set_ranges(page, {name: len(s[name]) for name in "ab"})
            set_ranges(page, {f"{name}{i - len(s[name])}": n for name in "ab" for i, n in enumerate(s[name])})
            check(read(page), s)
            a, b = numbers(s)
            cells = page.locator(".lw-ofC [role=gridcell]:visible").all_inner_texts()
            if clashes(a.shape, b.shape):
                assert cells == [] and "does not fit" in page.inner_text(".lw-note")
                continue
            total = a + b
            shown = total[(0,) * max(0, total.ndim - 2)]
            assert cells == [str(number) for number in np.atleast_1d(shown).ravel()]
            assert page.inner_text(".lw-stats dd >> nth=0") == str(total.shape)


def test_a_cell_names_its_two_parents(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Broadcasting(a=[2, 3, 1], b=[4])])) as page:
        page.locator(".lw-ofC [role=gridcell]").first.focus()
        for key in ["ArrowDown", "ArrowRight", "ArrowRight"]:
            page.keyboard.press(key)
        settle(page)
        assert page.inner_text(".lw-parents") == "sum[0, 1, 2] = A[0, 1, 0] + B[2] = 10 + 2 = 12"
        assert page.locator(".lw-ofA .lw-on").all_inner_texts() == ["10"]
        assert page.locator(".lw-ofB .lw-on").all_inner_texts() == ["2"]
        page.locator(".lw-ofB [role=gridcell]").nth(3).hover()
        settle(page)
        assert page.inner_text(".lw-parents") == "B[3] = 3 goes into 6 sums"
        assert page.locator(".lw-ofC .lw-on").all_inner_texts() == ["3", "13", "23"]


def test_a_missing_axis_a_stretched_one_and_a_clash_are_told_apart(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Broadcasting(a=[3, 1], b=[3])])) as page:
        assert page.locator(".lw-verdict").all_inner_texts()[2:] == ["B ×3", "A ×3"]
        note = page.inner_text(".lw-note")
        assert "B has no axis −2" in note and "Axis −1 of A has size 1" in note
        set_ranges(page, {"a-1": 2})
        assert page.locator(".lw-verdict").all_inner_texts()[2:] == ["B ×3", "✗ 2 ≠ 3"]
        assert "2 against 3, and neither is 1" in page.inner_text(".lw-note")
        page.click(".lw-data > summary")
        settle(page)
        assert "clash" in page.inner_text(".lw-tables")
        in_page(page, "setRanges", [{"b": 0}, ".lw"])
        assert read(page)["shape"] == [3, 2]


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_what_is_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    pairs = [([3, 1], [3]), ([], [2]), ([2, 1, 4], [3, 1]), ([1, 5], [2, 1, 1, 5]), ([3, 4], [3]), ([2, 3], [4, 1, 2])]
    widgets: list[Any] = [Broadcasting(a=a, b=b) for a, b in pairs]
    with opened(browser, write_page(tmp_path, widgets)) as page:
        in_page(page, "scrollThrough")
        for i, (a, b) in enumerate(pairs):
            view = page.locator(".lw").nth(i)
            view.locator(f"button[data-framework={framework}]").click()
            settle(page)
            code, shown = view.locator(".lw-code pre").inner_text(), json.loads(view.get_attribute("data-shown") or "")
            check(shown, {"a": a, "b": b})
            if shown["clashes"]:
                with pytest.raises(RuntimeError if framework == "PyTorch" else ValueError):
                    exec(code, {})
                assert "Error:" in code
                continue
            scope: dict[str, Any] = {}
            exec(code, scope)
            assert scope["c"].numpy().ravel().tolist() == shown["sums"]
            assert code.endswith(f"shape {tuple(scope['c'].shape)}")


def test_sizes_are_whole_and_shapes_of_tensors_are_welcome() -> None:
    with pytest.raises(traitlets.TraitError, match="'b'"):
        Broadcasting(b=[2.5])
    with pytest.raises(traitlets.TraitError, match="'a'"):
        Broadcasting(a=[0, 3])
    assert Broadcasting(a=np.ones((2, 3)).shape).a == [2, 3]
    assert "axis -1 has 4 and 3" in Broadcasting(a=[3, 4], b=[3]).describe()
