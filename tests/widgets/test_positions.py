"""Positions: the front end agrees with numpy, and the codes have the properties it names."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from playwright.sync_api import Browser, Page

from lesson_utils.widgets import Positions
from lesson_utils.widgets.positions import KINDS, rotate, sinusoidal

from .harness import call_js, opened, set_ranges, settle, write_page


def random_state(rng: random.Random) -> dict[str, Any]:
    length = rng.randint(8, 64)
    return {
        "kind": rng.choice(KINDS),
        "width": 2 * rng.randint(2, 32),
        "length": length,
        "base": round(10 ** rng.uniform(1, 5)),
        "first": rng.randrange(length),
        "second": rng.randrange(length),
        "table": None,
        "seed": rng.randint(0, 999),
    }


def expected_codes(s: dict[str, Any], content: list[float], drawn: Any) -> np.ndarray:
    if s["kind"] == "sinusoidal":
        return sinusoidal(s["length"], s["width"], s["base"])
    if s["kind"] == "rotary":
        return np.array([rotate(np.array(content), p, s["base"]) for p in range(s["length"])])
    return np.array(drawn)


def check(shown: dict[str, Any], codes: np.ndarray, s: dict[str, Any]) -> None:
    products = codes @ codes.T
    assert shown["product"] == pytest.approx(products[s["first"], s["second"]], abs=1e-9)
    n = len(codes)
    for gap, (low, high) in zip(range(1 - n, n), shown["spread"], strict=True):
        pairs = np.diagonal(products, gap)
        np.testing.assert_allclose([low, high], [pairs.min(), pairs.max()], atol=1e-9)


def test_front_end_agrees_with_numpy_on_200_settings() -> None:
    rng = random.Random(0)
    states = [random_state(rng) for _ in range(200)]
    results = call_js("positions", [[f, s] for s in states for f in ("content", "codes", "solve")])
    for i, s in enumerate(states):
        Positions(**{name: value for name, value in s.items() if value is not None})
        content, drawn, shown = results[3 * i : 3 * i + 3]
        codes = expected_codes(s, content, drawn)
        np.testing.assert_allclose(drawn, codes, atol=1e-9)
        check(shown, codes, s)


def test_products_of_sines_and_turns_depend_on_distance_only() -> None:
    draw = np.random.default_rng(0)
    vector = draw.normal(size=16)
    turned = np.array([rotate(vector, p) for p in range(40)])
    for codes in (sinusoidal(40, 16), turned):
        products = codes @ codes.T
        for gap in range(40):
            assert np.ptp(np.diagonal(products, gap)) < 1e-9
        np.testing.assert_allclose(np.linalg.norm(codes, axis=1), np.linalg.norm(codes[0]))


def read(page: Page) -> dict[str, Any]:
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def test_controls_change_the_numbers_to_numpys(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(2)
    table = np.random.default_rng(1).normal(size=(64, 64)).round(3)
    with opened(browser, write_page(tmp_path, [Positions(table=table)])) as page:
        for _ in range(15):
            s = {**random_state(rng), "seed": 0}
            s["base"] = round(10 ** (round(rng.uniform(1, 5) * 20) / 20))
            page.check(f"input[data-field=kind][value={s['kind']}]")
            moved = {name: s[name] for name in ("length", "width", "first", "second")}
            if s["kind"] != "learned":
                moved["base"] = round(np.log10(s["base"]) * 20) / 20
            set_ranges(page, moved)
            set_ranges(page, {"first": s["first"], "second": s["second"]})
            content = call_js("positions", [["content", s]])[0]
            check(
                read(page),
                expected_codes(s, content, table[: s["length"], : s["width"]]),
                s,
            )
            assert read(page)["steady"] == (s["kind"] != "learned") or s["length"] < 9


def test_moving_both_keeps_the_product(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Positions()])) as page:
        before = read(page)["product"]
        page.get_by_label("Move both one on").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        settle(page)
        assert page.input_value("input[data-field=first]") == "12"
        assert read(page)["product"] == pytest.approx(before)
        assert "always the same" in page.inner_text(".lw-stats")


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_what_is_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    for kind in KINDS:
        with opened(browser, write_page(tmp_path, [Positions(kind=kind, width=8)])) as page:
            page.click(f"button[data-framework={framework}]")
            settle(page)
            shown, code = read(page), page.inner_text(".lw-code pre")
        scope: dict[str, Any] = {}
        exec(code, scope)
        assert float(scope["product"]) == pytest.approx(shown["product"], rel=1e-3)


def test_odd_width_is_refused() -> None:
    with pytest.raises(traitlets.TraitError, match="width"):
        Positions(width=7)
