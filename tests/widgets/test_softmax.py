"""Softmax: the front end computes what numpy and both frameworks compute."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from playwright.sync_api import Browser

from lesson_utils.widgets import Softmax
from lesson_utils.widgets.softmax import (
    cross_entropy,
    entropy,
    gradient,
    probabilities,
    soft_target,
)

from .harness import call_js, opened, set_ranges, settle, write_page


def random_state(rng: random.Random) -> dict[str, Any]:
    classes = rng.randint(2, 6)
    return {
        "logits": [round(rng.uniform(-6, 6), 1) for _ in range(classes)],
        "temperature": round(rng.uniform(0.1, 5), 1),
        "shift": round(rng.uniform(-5, 5), 1),
        "smoothing": round(rng.uniform(0, 0.5), 2),
        "target": rng.randrange(classes),
        "seed": 0,
    }


def check(shown: dict[str, Any], s: dict[str, Any]) -> None:
    """Compare with numpy, which is told nothing of the shift."""
    y = soft_target(len(s["logits"]), s["target"], s["smoothing"])
    p = probabilities(s["logits"], s["temperature"])
    np.testing.assert_allclose(shown["p"], p, rtol=1e-9)
    np.testing.assert_allclose(shown["y"], y)
    np.testing.assert_allclose(shown["loss"], cross_entropy(s["logits"], y, s["temperature"]))
    np.testing.assert_allclose(shown["entropy"], entropy(p), atol=1e-12)
    slope = gradient(s["logits"], y, s["temperature"])
    np.testing.assert_allclose(shown["gradient"], slope, atol=1e-12)


def test_front_end_agrees_with_numpy_on_300_settings() -> None:
    rng = random.Random(0)
    states = [random_state(rng) for _ in range(300)]
    for state in states:
        Softmax(**state)
    for state, shown in zip(states, call_js("softmax", [["solve", s] for s in states]), strict=True):
        check(shown, state)
    cooled = [{**s, "temperature": 0.1, "shift": 5} for s in states]
    orders = call_js("softmax", [["order", solved] for solved in (s["logits"] for s in states)])
    for order, shown in zip(orders, call_js("softmax", [["solve", s] for s in cooled]), strict=True):
        ranked = np.array(shown["z"])[order]
        assert (np.diff(ranked) <= 1e-9).all()


def test_sliders_change_the_numbers_to_numpys(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(1)
    with opened(browser, write_page(tmp_path, [Softmax(logits=[0, 0, 0, 0])])) as page:
        for _ in range(30):
            s = random_state(rng)
            s["logits"] = [round(rng.uniform(-6, 6), 1) for _ in range(4)]
            s["target"] %= 4
            page.locator("input[type=radio]").nth(s["target"]).check()
            moved = {name: s[name] for name in ("temperature", "shift", "smoothing")}
            set_ranges(page, {**moved, **{f"logit{i}": z for i, z in enumerate(s["logits"])}})
            check(json.loads(page.get_attribute(".lw", "data-shown") or ""), s)
            loss = cross_entropy(s["logits"], soft_target(4, s["target"], s["smoothing"]), s["temperature"])
            shown = float(page.inner_text(".lw-stats dd >> nth=0"))
            assert shown == pytest.approx(loss, abs=6e-4)


def test_shift_moves_nothing_and_says_so(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Softmax()])) as page:
        before = page.locator(".lw-read:visible").all_inner_texts()
        set_ranges(page, {"shift": 4.2})
        assert page.locator(".lw-read:visible").all_inner_texts() == before
        assert "cancels" in page.inner_text(".lw-note")
        set_ranges(page, {"temperature": 5})
        assert page.locator(".lw-read:visible").all_inner_texts() != before
        assert "class 0 > class 1 > class 2" in page.inner_text(".lw-note")


def test_keyboard_moves_a_logit_and_the_target(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Softmax()])) as page:
        page.locator("input[type=radio]").first.focus()
        page.keyboard.press("ArrowDown")
        page.locator("input[data-field=logit1]").focus()
        for _ in range(10):
            page.keyboard.press("ArrowRight")
        settle(page)
        state = {"logits": [2, 2, 0.1], "temperature": 1, "shift": 0, "smoothing": 0, "target": 1}
        check(json.loads(page.get_attribute(".lw", "data-shown") or ""), state)


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_the_numbers_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    widget = Softmax(logits=[2, -1, 0.5], temperature=1.7, smoothing=0.2, target=2, shift=1)
    with opened(browser, write_page(tmp_path, [widget])) as page:
        page.click(f"button[data-framework={framework}]")
        settle(page)
        code = page.inner_text(".lw-code pre")
        shown = json.loads(page.get_attribute(".lw", "data-shown") or "")
    scope: dict[str, Any] = {}
    exec(code, scope)
    np.testing.assert_allclose(scope["p"].detach().numpy()[0], shown["p"], rtol=1e-5)
    np.testing.assert_allclose(scope["gradient"].numpy()[0], shown["gradient"], rtol=1e-4)
    np.testing.assert_allclose(float(scope["loss"]), shown["loss"], rtol=1e-5)


def test_target_outside_is_named() -> None:
    with pytest.raises(traitlets.TraitError, match=r"target.*logits"):
        Softmax(logits=[1, 2], target=2)
