"""Cost of parallel training: the browser's formulas are Python's, and Python's are checked by hand."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from playwright.sync_api import Browser, Page

from lesson_utils.widgets import ParallelCost
from lesson_utils.widgets.parallel_cost import DEVICES, cost, curves

from .harness import call_js, opened, set_ranges, settle, write_page

POWERS = {"params": (4, 13), "uses": (0, 4), "flops": (8, 17), "bandwidth": (6, 13), "examples": (0, 14)}


def random_state(rng: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {name: float(f"{10 ** rng.uniform(*ends):.3g}") for name, ends in POWERS.items()}
    found |= {"batch": 2 ** rng.randint(0, 16), "devices": rng.choice([1, 2, 3, 8, 1000, 8192, rng.randint(1, 8192)])}
    found |= {"latency": round(rng.uniform(0, 1e-3), 6), "number_bytes": rng.choice([2, 4])}
    return found | {"overlap": round(rng.random(), 2)}


def check(shown: dict[str, Any], s: dict[str, Any]) -> None:
    for name, value in cost(**s).items():
        assert shown[name] == pytest.approx(value, rel=1e-12), name
    for name, values in curves(s).items():
        assert [v is None for v in shown[name]] == [v is None for v in values]
        np.testing.assert_allclose([v or 0 for v in shown[name]], [v or 0 for v in values], rtol=1e-12)


def shown_by(page: Page) -> dict[str, Any]:
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def test_front_end_agrees_with_python_on_400_settings() -> None:
    rng = random.Random(0)
    states = [random_state(rng) for _ in range(400)]
    for state in states:
        ParallelCost(**state)
    costs = call_js("parallel_cost", [["cost", s] for s in states])
    for state, one, other in zip(states, costs, call_js("parallel_cost", [["curves", s] for s in states]), strict=True):
        check(one | other, state)
    assert call_js("parallel_cost", [["clean", s] for s in states]) == states


def test_formulas_by_hand() -> None:
    base = ParallelCost(params=1e9, uses=1, batch=1000, devices=4, flops=1e14, bandwidth=1e10, latency=0).public_state()
    found = cost(**base)
    assert found["weights"] == found["gradients"] == 2e9 and found["optimizer"] == 12e9
    assert found["memory"] == cost(**{**base, "number_bytes": 4})["memory"] == 16e9
    assert found["compute"] == pytest.approx(0.06)
    assert found["all_reduce"] == pytest.approx(2 * 3 / 4 * 2e9 / 1e10)
    assert cost(**{**base, "latency": 1e-3})["all_reduce"] == pytest.approx(0.3 + 6e-3)
    assert found["efficiency"] == pytest.approx(0.06 / 0.36)
    assert cost(**{**base, "overlap": 1})["hidden"] == pytest.approx(0.04)  # no more than the backward pass
    assert cost(**{**base, "devices": 1})["efficiency"] == 1
    assert cost(**{**base, "examples": 4001})["steps"] == 2


def test_traffic_is_that_of_a_ring_that_is_carried_out() -> None:
    """Pass parts round a ring of lists; everybody ends with the sum, and sends what the formula says."""
    for devices in (2, 3, 5, 8):
        arrays = np.random.default_rng(devices).normal(size=(devices, devices, 6))
        expected, sent = arrays.sum(0), np.zeros(devices)
        for step in range(2 * (devices - 1)):
            out = [(i, (i - step) % devices, arrays[i, (i - step) % devices].copy()) for i in range(devices)]
            for i, part, numbers in out:
                to = (i + 1) % devices
                arrays[to, part] = numbers + (arrays[to, part] if step < devices - 1 else 0)
                sent[i] += 4 * numbers.size
        np.testing.assert_allclose(arrays, np.broadcast_to(expected, arrays.shape), rtol=1e-9)
        state = ParallelCost(params=1e4, devices=devices, bandwidth=1e6, latency=0, number_bytes=4).public_state()
        seconds = cost(**state)["all_reduce"] / 1e4 * 6 * devices
        np.testing.assert_allclose(sent, seconds * 1e6)


def test_curves_meet_at_the_present_number_and_a_shared_batch_ends() -> None:
    state = ParallelCost(batch=2, devices=64).public_state()
    found, here = curves(state), DEVICES.index(64)
    assert found["each"][here] == found["total"][here] == cost(**state)["efficiency"]
    assert found["total"][DEVICES.index(128)] is not None and found["total"][DEVICES.index(152)] is None
    assert found["total"][DEVICES.index(8)] > found["each"][DEVICES.index(8)]  # type: ignore[operator]


def test_sliders_give_pythons_numbers(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(1)
    state = ParallelCost().public_state()
    with opened(browser, write_page(tmp_path, [ParallelCost()])) as page:
        for _ in range(20):
            marks = {name: round(rng.randint(20 * low, 20 * high) / 20, 2) for name, (low, high) in POWERS.items()}
            other = {"batch": rng.randint(0, 16), "devices": rng.randint(0, 13), "overlap": rng.randint(0, 20) / 20}
            micro = 5 * rng.randint(0, 200)
            set_ranges(page, {**marks, **other, "latency": micro})
            state |= {name: float(f"{10**mark:.2g}") for name, mark in marks.items()}
            state |= {"batch": 2 ** other["batch"], "devices": 2 ** other["devices"]}
            state |= {"overlap": other["overlap"], "latency": micro / 1e6}
            check(shown_by(page), state)
            # A mark stays a mark: the arrow keys go on from it.
            assert page.get_attribute("input[data-field=flops]", "step") == "0.05"


def test_keyboard_changes_devices_and_bytes(browser: Browser, tmp_path: Path) -> None:
    state = ParallelCost(devices=1).public_state()
    with opened(browser, write_page(tmp_path, [ParallelCost(devices=1)])) as page:
        assert "nothing to add up" in page.inner_text(".lw-note")
        page.locator("input[data-field=devices]").focus()
        page.keyboard.press("ArrowRight")
        page.locator("input[data-field=number_bytes][value='2']").focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        check(shown_by(page), {**state, "devices": 2, "number_bytes": 4})


def test_words_name_what_is_lost(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [ParallelCost()])) as page:
        texts = page.locator(".lw-stats dd").all_inner_texts()
        assert texts[0] == "112 GB" and texts[1] == "430 ms" and texts[4] == "43 %"
        assert "wait longer than they compute" in page.inner_text(".lw-note")
        set_ranges(page, {"params": 5, "devices": 13, "latency": 500})
        assert "rounds to begin" in page.inner_text(".lw-note")
        set_ranges(page, {"params": 10, "overlap": 1, "batch": 16, "latency": 10})
        assert "backward pass" in page.inner_text(".lw-note")
        set_ranges(page, {"examples": 3})
        assert "more examples than there are" in page.inner_text(".lw-note")


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_what_is_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    for setting in [{"overlap": 0.5}, {"number_bytes": 4, "devices": 4, "uses": 163.5, "latency": 2.5e-5}]:
        with opened(browser, write_page(tmp_path, [ParallelCost(**setting)])) as page:
            page.click(f"button[data-framework={framework}]")
            settle(page)
            shown, code = shown_by(page), page.inner_text(".lw-code pre")
        scope: dict[str, Any] = {}
        exec(code, scope)
        for name in ("memory", "compute", "all_reduce", "step", "efficiency", "epoch"):
            assert float(scope[name]) == pytest.approx(shown[name], rel=1e-12)
        machines = "--nnodes 128" if "overlap" in setting else "--nproc_per_node 4"
        assert machines in code and ("torchrun" if framework == "PyTorch" else "paddle.distributed.launch") in code


def test_wrong_settings_are_named() -> None:
    for name, value in {"devices": 0, "number_bytes": 3, "overlap": 1.5, "params": 1.0}.items():
        with pytest.raises(traitlets.TraitError, match=name):
            ParallelCost(**{name: value})
