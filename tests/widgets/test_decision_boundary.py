"""Decision boundary: the browser trains the network that numpy and the frameworks train."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from lesson_utils.widgets import DecisionBoundary
from lesson_utils.widgets.decision_boundary import (
    ACTIVATIONS,
    DATA,
    cross_entropy,
    forward,
    train,
)

from .harness import call_js, opened, set_ranges, settle, write_page


def random_state(rng: random.Random) -> dict[str, Any]:
    return {
        "data": rng.choice(DATA),
        "layers": rng.randint(0, 3),
        "width": rng.randint(1, 8),
        "activation": rng.choice(ACTIVATIONS),
        "lr": float(f"{10 ** rng.uniform(-3, -0.5):.3g}"),
        "steps": rng.randint(0, 25),
        "noise": round(rng.uniform(0, 0.4), 2),
        "seed": rng.randint(0, 999),
    }


def expected(state: dict[str, Any], drawn: list[Any]) -> tuple[float, float]:
    """Train in numpy from the points and first weights of the front end."""
    points, labels = np.array(drawn[0]["points"]), np.array(drawn[0]["labels"])
    weights = train(drawn[1], points, labels, state)
    logits = forward(weights, points, state["activation"])[-1][:, 0]
    return cross_entropy(logits, labels), float(((logits > 0) == labels).mean())


def test_front_end_agrees_with_numpy_on_200_settings() -> None:
    rng = random.Random(0)
    states = [random_state(rng) for _ in range(200)]
    for state in states:
        DecisionBoundary(**state)
    names = ["dataset", "first", "train"]
    results = call_js("decision_boundary", [[name, s] for s in states for name in names])
    for i, state in enumerate(states):
        *drawn, shown = results[3 * i : 3 * i + 3]
        loss, accuracy = expected(state, drawn)
        assert shown["loss"] == pytest.approx(loss, rel=1e-6)
        assert shown["accuracy"] == pytest.approx(accuracy, abs=0.011)
        assert np.shape(drawn[0]["points"]) == (100, 2) and sum(drawn[0]["labels"]) == 50


def test_one_line_cannot_do_xor_and_hidden_units_can() -> None:
    base = DecisionBoundary(steps=1500, lr=0.3, noise=0.0).public_state()
    flat, deep = call_js("decision_boundary", [["train", {**base, "layers": 0}], ["train", {**base, "width": 6}]])
    assert flat["accuracy"] < 0.75 and deep["accuracy"] > 0.95


def read(page: Page, step: int) -> dict[str, Any]:
    page.wait_for_function(
        "step => JSON.parse(document.querySelector('.lw').dataset.shown ?? '{}').step === step",
        arg=step,
    )
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def test_controls_train_what_numpy_trains(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(1)
    with opened(browser, write_page(tmp_path, [DecisionBoundary()])) as page:
        for step in range(10, 19):
            state = {**random_state(rng), "steps": step, "seed": 0}
            state["lr"] = float(f"{10 ** round(np.log10(state['lr']), 2):.3g}")
            page.check(f"input[value={state['data']}]")
            page.check(f"input[value={state['activation']}]")
            moved = {name: state[name] for name in ("layers", "width", "noise", "steps")}
            set_ranges(page, {**moved, "lr": round(np.log10(state["lr"]), 2)})
            shown = read(page, step)
            loss, _ = expected(state, call_js("decision_boundary", [["dataset", state], ["first", state]]))
            assert shown["loss"] == pytest.approx(loss, rel=1e-5)
            units = state["layers"] * state["width"]
            assert page.locator(".lw-unit:visible").count() == units


def test_nothing_plays_until_asked_and_never_with_reduced_motion(browser: Browser, tmp_path: Path) -> None:
    address = write_page(tmp_path, [DecisionBoundary()])
    with opened(browser, address) as page:
        page.wait_for_timeout(150)
        assert read(page, 0)["step"] == 0
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("() => document.querySelector('input[data-field=steps]').value > 20")
        page.get_by_role("button", name="Pause").click()
        settle(page)
        stopped = page.input_value("input[data-field=steps]")
        page.wait_for_timeout(150)
        assert page.input_value("input[data-field=steps]") == stopped
    with opened(browser, address, reduced_motion="reduce") as page:
        assert page.get_by_role("button", name="Play").is_hidden()
        page.get_by_role("button", name="Train 100 steps").click()
        read(page, 100)


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_the_loss_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    widget = DecisionBoundary(data="circles", layers=2, width=5, steps=40, activation="relu")
    with opened(browser, write_page(tmp_path, [widget])) as page:
        page.click(f"button[data-framework={framework}]")
        settle(page)
        shown, code = read(page, 40), page.inner_text(".lw-code pre")
    scope: dict[str, Any] = {}
    exec(code, scope)
    assert float(scope["loss"]) == pytest.approx(shown["loss"], rel=1e-6)
