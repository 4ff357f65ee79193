"""Optimizer race: the front end agrees with numpy and with the frameworks' own optimizers."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from lesson_utils.widgets import OptimizerRace
from lesson_utils.widgets.optimizer_race import RULES, SURFACES, descend, loss, slope

from .harness import call_js, opened, set_ranges, settle, write_page


def random_state(rng: random.Random) -> dict[str, Any]:
    return {
        "surface": rng.choice(SURFACES),
        "start": [round(rng.uniform(-3, 3), 2), round(rng.uniform(-2, 2), 2)],
        "lr": float(f"{10 ** rng.uniform(-3, -0.3):.3g}"),
        "beta": round(rng.uniform(0, 0.99), 2),
        "weight_decay": rng.choice([0, round(rng.random(), 2)]),
        "kappa": rng.randint(1, 100),
        "steps": rng.randint(10, 80),
        "follow": rng.choice(RULES),
        "compare": True,
        "seed": 0,
    }


def test_front_end_agrees_with_numpy_on_300_settings() -> None:
    rng = random.Random(0)
    states = [random_state(rng) for _ in range(300)]
    for state in states:
        OptimizerRace(**state)
    paths = call_js("optimizer_race", [["descend", s["follow"], s] for s in states])
    for state, path in zip(states, paths, strict=True):
        expected = descend(state["follow"], state)
        assert len(path) == len(expected)
        # Paths over ripples are chaotic: the last digit of a cosine grows from step to step.
        np.testing.assert_allclose(path[:20], expected[:20], rtol=1e-6, atol=1e-9)
    points = [[s["start"], s] for s in states]
    for (point, s), height in zip(points, call_js("optimizer_race", [["height", *p] for p in points]), strict=True):
        assert height == pytest.approx(loss(point, s["surface"], s["kappa"]))


def test_gradients_are_those_of_the_surfaces() -> None:
    rng = random.Random(1)
    for _ in range(40):
        s = random_state(rng)
        point, tiny = np.array(s["start"]), 1e-6
        numeric = [
            loss(point + step, s["surface"], s["kappa"]) - loss(point - step, s["surface"], s["kappa"])
            for step in np.eye(2) * tiny
        ]
        expected = slope(point, s["surface"], s["kappa"])
        np.testing.assert_allclose(np.array(numeric) / 2 / tiny, expected, atol=1e-4)


def test_limit_of_stability_is_where_the_path_turns() -> None:
    base = {"surface": "quadratic", "start": [-2.5, 1.2], "beta": 0.9, "weight_decay": 0.5}
    state = {**base, "kappa": 20, "steps": 200, "follow": "SGD", "compare": True, "seed": 0}
    (limits,) = call_js("optimizer_race", [["limits", state]])
    for rule, limit in limits.items():
        stable = descend(rule, {**state, "lr": limit * 0.98})
        unstable = descend(rule, {**state, "lr": limit * 1.02})
        assert np.abs(stable[-1]).max() < np.abs(stable[0]).max()
        assert np.abs(unstable[-1]).max() > 2 * np.abs(unstable[0]).max()


def read(page: Page) -> dict[str, Any]:
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_walks_the_same_path(framework: str, browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [OptimizerRace(lr=0.01, weight_decay=0.1, start=[-1, 1])])) as page:
        page.click(f"button[data-framework={framework}]")
        for i, rule in enumerate(RULES):
            page.get_by_label(f"Follow {rule}", exact=True).check()
            page.check(f"input[value={SURFACES[i % 4]}]")
            settle(page)
            scope: dict[str, Any] = {}
            exec(page.inner_text(".lw-code pre"), scope)
            end = scope["p"].detach().numpy()
            np.testing.assert_allclose(end, read(page)["ends"][rule]["at"], rtol=1e-4, atol=1e-6)


def test_sliders_change_the_numbers_to_numpys(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(3)
    with opened(browser, write_page(tmp_path, [OptimizerRace()])) as page:
        for _ in range(15):
            s = {**random_state(rng), "surface": "quadratic", "start": [-2.5, 1.2]}
            s["steps"] = rng.randint(1, 20) * 10
            s["lr"] = float(f"{10 ** round(np.log10(s['lr']), 2):.3g}")
            moved = {name: s[name] for name in ("beta", "weight_decay", "kappa", "steps")}
            set_ranges(page, {**moved, "lr": round(np.log10(s["lr"]), 2)})
            for rule in RULES:
                path, shown = descend(rule, s), read(page)["ends"][rule]
                assert shown["steps"] == len(path) - 1
                np.testing.assert_allclose(shown["at"], path[-1], rtol=1e-4, atol=1e-8)


def test_mouse_and_keyboard_move_the_start(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [OptimizerRace()])) as page:
        box = page.locator(".lw-map svg").bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25)
        settle(page)
        label = page.locator(".lw-start").get_attribute("aria-label") or ""
        assert "x 1.5, y 1;" in label
        page.locator(".lw-start").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowDown")
        settle(page)
        s = {**OptimizerRace().public_state(), "start": [1.4, 0.9]}
        np.testing.assert_allclose(read(page)["ends"]["SGD"]["at"], descend("SGD", s)[-1])
        set_ranges(page, {"lr": -0.9})
        assert "above the limit" in page.inner_text(".lw-note")
