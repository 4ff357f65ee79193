"""Polynomial: the browser's least squares is numpy's, on the points that numpy draws."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from lesson_utils.widgets import Polynomial
from lesson_utils.widgets.polynomial import DEGREES, VALIDATION, error, fit, points

from .harness import call_js, opened, set_ranges, settle, write_page


def random_state(rng: random.Random) -> dict[str, Any]:
    ridge = 0 if rng.random() < 0.5 else float(f"{10 ** round(rng.uniform(-6.9, 0), 2):.3g}")
    return {
        "degree": rng.randint(0, 15),
        "samples": rng.randint(5, 60),
        "noise": round(rng.uniform(0, 1), 2),
        "ridge": ridge,
        "seed": rng.randint(0, 999),
    }


def check(shown: dict[str, Any], s: dict[str, Any]) -> None:
    """Compare with numpy's least squares for every degree; numpy draws its own points."""
    x, y = points(s["samples"], s["noise"], s["seed"])
    fresh = points(VALIDATION, s["noise"], s["seed"], part=1)
    np.testing.assert_array_equal([shown["train"]["x"], shown["train"]["y"]], [x, y])
    np.testing.assert_array_equal([shown["fresh"]["x"], shown["fresh"]["y"]], fresh)
    fits = [fit(x, y, degree, s["ridge"]) for degree in DEGREES]
    np.testing.assert_allclose(shown["a"], fits[s["degree"]], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(shown["training"], [error(a, x, y) for a in fits], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(shown["validation"], [error(a, *fresh) for a in fits], rtol=1e-7, atol=1e-9)
    assert shown["best"] == int(np.argmin(shown["validation"]))


def shown_by(page: Page) -> dict[str, Any]:
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def test_front_end_agrees_with_numpy_on_250_settings() -> None:
    rng = random.Random(0)
    states = [random_state(rng) for _ in range(250)]
    # Fewer points than coefficients, exactly as many, and no noise at all.
    states += [{**states[0], "samples": n, "degree": 15, "ridge": 0, "noise": 0} for n in (5, 15, 16, 17)]
    for state in states:
        Polynomial(**state)
    for state, shown in zip(states, call_js("polynomial", [["solve", s] for s in states]), strict=True):
        check(shown, state)


def test_points_are_distinct_and_noise_is_as_wide_as_said() -> None:
    off = []
    for seed in range(40):
        x, y = points(60, 0.5, seed)
        assert len(set(x)) == 60 and abs(x).max() <= 1
        off.append(y - points(60, 0, seed)[1])
    assert np.std(off) == pytest.approx(0.5, rel=0.05) and abs(np.mean(off)) < 0.03


def test_training_error_falls_with_the_degree_and_rises_with_the_ridge() -> None:
    base = {"degree": 3, "samples": 15, "noise": 0.3, "seed": 4}
    *ridged, free = call_js("polynomial", [["solve", {**base, "ridge": r}] for r in (0.1, 1e-3, 0)])
    assert (np.diff(free["training"]) <= 1e-9).all() and free["training"][15] < 1e-9
    assert ridged[0]["training"][9] > ridged[1]["training"][9] > free["training"][9]


def test_sliders_give_numpys_numbers(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(1)
    with opened(browser, write_page(tmp_path, [Polynomial()])) as page:
        for _ in range(25):
            s = {**random_state(rng), "seed": 0}
            at = round(np.log10(s["ridge"]) / 0.05) * 0.05 if s["ridge"] else -7
            s["ridge"] = float(f"{10**at:.3g}") if s["ridge"] else 0
            set_ranges(page, {**{name: s[name] for name in ("degree", "samples", "noise")}, "ridge": round(at, 2)})
            shown = shown_by(page)
            check(shown, s)
            training = shown["training"][s["degree"]]
            text = page.inner_text(".lw-stats dd >> nth=0").replace("−", "-")
            assert float(text) == pytest.approx(training, abs=6e-4)


def test_words_name_underfitting_and_overfitting(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Polynomial(degree=1)])) as page:
        assert page.inner_text(".lw-note").startswith("Underfitting")
        set_ranges(page, {"degree": 13})
        assert page.inner_text(".lw-note").startswith("Overfitting")
        set_ranges(page, {"degree": 14})
        assert "through all of them" in page.inner_text(".lw-note")
        assert page.inner_text(".lw-stats dd >> nth=0") == "0"
        set_ranges(page, {"ridge": -2, "samples": 60})
        assert "good" in page.inner_text(".lw-note")


def test_keyboard_raises_the_degree_and_new_numbers_change_the_points(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Polynomial(degree=3)])) as page:
        page.locator("input[data-field=degree]").focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        before = Polynomial(degree=4).public_state()
        check(shown_by(page), before)
        page.get_by_role("button", name="New numbers").click()
        settle(page)
        check(shown_by(page), {**before, "seed": 1})


@pytest.mark.parametrize("ridge", [0, 0.02])
@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_the_errors_shown(framework: str, ridge: float, browser: Browser, tmp_path: Path) -> None:
    widget = Polynomial(degree=9, samples=8 if ridge else 12, ridge=ridge, seed=7)
    with opened(browser, write_page(tmp_path, [widget])) as page:
        page.click(f"button[data-framework={framework}]")
        settle(page)
        shown, code = shown_by(page), page.inner_text(".lw-code pre")
    scope: dict[str, Any] = {}
    exec(code, scope)
    np.testing.assert_allclose(scope["a"].numpy()[:, 0], shown["a"], rtol=1e-7)
    for name in ("training", "validation"):
        assert float(scope[name]) == pytest.approx(shown[name][9], rel=1e-7)


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_finds_the_shortest_solution(framework: str) -> None:
    state = Polynomial(degree=15, samples=6).public_state()
    code, shown = call_js("polynomial", [["codeLines", state], ["solve", state]])
    scope: dict[str, Any] = {}
    exec(code[framework], scope)
    np.testing.assert_allclose(scope["a"].numpy()[:, 0], shown["a"], rtol=1e-7, atol=1e-12)
