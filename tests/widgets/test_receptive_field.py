"""Receptive field: the front end agrees with matrices and with both frameworks' gradients."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from playwright.sync_api import Browser, Page

from lesson_utils.widgets import ReceptiveField
from lesson_utils.widgets.receptive_field import backpropagate, trace

from .harness import call_js, opened, set_ranges, settle, write_page


def random_layer(rng: random.Random) -> list[int]:
    kernel = rng.randint(1, 7)
    if rng.random() < 0.3:
        return [kernel, rng.randint(1, 3), rng.randint(0, kernel // 2), 1, 1]
    return [kernel, rng.randint(1, 3), rng.randint(0, 6), rng.randint(1, 4), 0]


def check(shown: dict[str, Any], layers: list[list[int]], size: int) -> None:
    rows = trace(layers, size)
    fits = next((i for i, row in enumerate(rows) if not row["size"]), len(rows))
    assert shown["rows"][:fits] == rows[:fits]
    assert shown["broken"] == (-1 if fits == len(rows) else fits)
    slope = backpropagate(layers[: shown["depth"]], size, shown["unit"])
    np.testing.assert_allclose(shown["slopes"], slope, atol=1e-12)
    assert shown["effective"] == (slope > 0.0455 * slope.max()).sum()
    # Nothing outside the theoretical field ever counts.
    pixels = np.flatnonzero(slope)
    assert not pixels.size or (shown["from"] <= pixels[0] and pixels[-1] <= shown["to"])


def test_front_end_agrees_with_matrices_on_300_settings() -> None:
    rng = random.Random(0)
    states = []
    while len(states) < 300:
        layers = [random_layer(rng) for _ in range(rng.randint(1, 6))]
        size = rng.randint(16, 48)
        depth = rng.randint(0, len(layers))
        states.append({"layers": layers, "size": size, "depth": depth, "unit": rng.randint(-1, 20)})
        ReceptiveField(**states[-1])
    for state, shown in zip(states, call_js("receptive_field", [["solve", s] for s in states]), strict=True):
        check({**shown, "slopes": shown["slopes"][0]}, state["layers"], state["size"])


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_the_gradient_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    layers = [[3, 1, 1, 1, 0], [3, 2, 1, 1, 1], [3, 1, 2, 2, 0], [5, 1, 1, 1, 0]]
    with opened(browser, write_page(tmp_path, [ReceptiveField(layers=layers)])) as page:
        page.click(f"button[data-framework={framework}]")
        settle(page)
        code = page.inner_text(".lw-code pre")
        shown = read(page)
    scope: dict[str, Any] = {}
    exec(code, scope)
    np.testing.assert_allclose(scope["gradient"].numpy(), shown["slopes"], atol=1e-6)


def read(page: Page) -> dict[str, Any]:
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def test_controls_change_the_numbers_to_numpys(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(2)
    with opened(browser, write_page(tmp_path, [ReceptiveField()])) as page:
        layers = [[3, 1, 1, 1, 0]] * 3
        page.get_by_role("button", name="Add a layer").click()
        layers = [*layers, [3, 1, 1, 1, 0]]
        for _ in range(15):
            i, at = rng.randrange(4), rng.randrange(4)
            low, high = [(1, 5), (1, 2), (0, 3), (1, 2)][at]
            layers[i] = [*layers[i]]
            layers[i][at] = rng.randint(low, high)
            name = ["Kernel", "Stride", "Padding", "Dilation"][at]
            page.select_option(f"[aria-label='{name} of layer {i + 1}']", str(layers[i][at]))
            set_ranges(page, {"size": (size := rng.randint(30, 48)), "depth": rng.randint(1, 4)})
            check(read(page), layers, size)
            assert f"{trace(layers, size)[read(page)['depth']]['field']} px" in page.inner_text(".lw-stats")


def test_layers_are_moved_and_removed(browser: Browser, tmp_path: Path) -> None:
    layers = [[3, 1, 1, 1, 0], [2, 2, 0, 1, 1], [5, 1, 2, 1, 0]]
    with opened(browser, write_page(tmp_path, [ReceptiveField(layers=layers)])) as page:
        page.get_by_role("button", name="Layer 3 earlier").click()
        settle(page)
        check(read(page), [layers[0], layers[2], layers[1]], 24)
        page.get_by_role("button", name="Remove layer 1").click()
        settle(page)
        check(read(page), [layers[2], layers[1]], 24)
        page.locator(".lw-field g:nth-of-type(3) rect").first.click()
        settle(page)
        assert read(page)["unit"] == 0


def test_a_stack_that_does_not_fit_says_which_layer(browser: Browser, tmp_path: Path) -> None:
    layers = [[7, 3, 0, 1, 0], [7, 3, 0, 1, 0], [3, 1, 1, 1, 0]]
    with opened(browser, write_page(tmp_path, [ReceptiveField(layers=layers, size=16)])) as page:
        assert "Layer 2 does not fit" in page.inner_text(".lw-note")


def test_pooling_the_frameworks_do_not_have_is_refused() -> None:
    with pytest.raises(traitlets.TraitError, match="layers"):
        ReceptiveField(layers=[[2, 2, 0, 2, 1]])
    with pytest.raises(traitlets.TraitError, match="layers"):
        ReceptiveField(layers=[[9, 1, 0, 1, 0]])
