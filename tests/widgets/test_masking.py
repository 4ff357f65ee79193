"""Masking: the front end decides as Python does, and its draws follow the shares."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import traitlets
from playwright.sync_api import Browser, Page

from lesson_utils.widgets import Masking
from lesson_utils.widgets.masking import fate

from .harness import call_js, opened, set_ranges, settle, write_page


def random_state(rng: random.Random) -> dict[str, Any]:
    tokens = [rng.choice("abcdefgh") * 3 for _ in range(rng.randint(2, 40))]
    mask = round(rng.random(), 2)
    return {
        "tokens": tokens,
        "words": ["x", "y", "z"][: rng.randint(1, 3)],
        "rate": round(rng.uniform(0, 0.9), 2),
        "mask_share": mask,
        "random_share": round(rng.uniform(0, 1 - mask), 2) if mask < 1 else 0,
        "flips": sorted(rng.sample(range(len(tokens)), rng.randint(0, 2))),
        "predictions": [],
        "seed": rng.randint(0, 999),
    }


def check(shown: dict[str, Any], s: dict[str, Any], numbers: list[list[float]]) -> None:
    fates = [fate(draw, i in s["flips"], s) for i, draw in enumerate(numbers)]
    assert shown["fates"] == fates
    assert shown["chosen"] == sum(one != "plain" for one in fates)
    for token, seen, one in zip(s["tokens"], shown["seen"], fates, strict=True):
        assert seen == "[MASK]" if one == "mask" else one == "random" or seen == token
        assert one != "random" or seen in s["words"]


def test_front_end_agrees_with_python_on_300_settings() -> None:
    rng = random.Random(0)
    states = [random_state(rng) for _ in range(300)]
    for state in states:
        Masking(**state)
    numbers = iter(call_js("masking", [["draws", s["seed"], i] for s in states for i in range(len(s["tokens"]))]))
    for state, shown in zip(states, call_js("masking", [["solve", s] for s in states]), strict=True):
        check(shown, state, [next(numbers) for _ in state["tokens"]])


def test_draws_follow_the_shares() -> None:
    s = {**Masking().public_state(), "tokens": ["w"] * 40, "rate": 0.15}
    (mean,) = call_js("masking", [["average", s, 1000]])
    chosen = mean["mask"] + mean["random"] + mean["keep"]
    assert chosen == pytest.approx(6, rel=0.04)
    assert mean["mask"] / chosen == pytest.approx(0.8, abs=0.02)
    assert mean["random"] / chosen == pytest.approx(0.1, abs=0.02)


def read(page: Page) -> dict[str, Any]:
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def test_controls_and_clicks_decide_as_python_does(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(2)
    with opened(browser, write_page(tmp_path, [Masking()])) as page:
        s = Masking().public_state()
        numbers = call_js("masking", [["draws", 0, i] for i in range(len(s["tokens"]))])
        for _ in range(15):
            s["rate"], s["mask_share"] = round(rng.uniform(0, 0.9), 2), round(rng.random(), 2)
            set_ranges(page, {"rate": s["rate"], "random_share": 0})
            set_ranges(page, {"mask_share": s["mask_share"]})
            s["random_share"] = round(rng.uniform(0, 1 - s["mask_share"]), 2)
            set_ranges(page, {"random_share": s["random_share"]})
            at = rng.randrange(len(s["tokens"]))
            page.locator(".lw-chip").nth(at).focus()
            page.keyboard.press("Enter")
            settle(page)
            s["flips"] = sorted(set(s["flips"]) ^ {at})
            check(read(page), s, numbers)
            pressed = page.locator(".lw-chip[aria-pressed=true]:visible").count()
            assert pressed == read(page)["chosen"]


def test_predictions_of_a_trained_model_are_shown(browser: Browser, tmp_path: Path) -> None:
    guess = {"position": 1, "words": ["dog", "cat", "sun"], "probabilities": [0.2, 0.7, 0.1]}
    with opened(browser, write_page(tmp_path, [Masking(predictions=[guess])])) as page:
        page.locator(".lw-chip").nth(1).hover()
        settle(page)
        rows = page.locator(".lw-guess").all_inner_texts()
        assert [row.split()[0] for row in rows] == ["cat", "dog", "sun"]
        page.locator(".lw-chip").nth(2).hover()
        settle(page)
        assert "No prediction" in page.inner_text(".lw-top5")


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_has_the_labels_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Masking(rate=0.5, seed=3)])) as page:
        page.click(f"button[data-framework={framework}]")
        settle(page)
        shown, code = read(page), page.inner_text(".lw-code pre")
    scope: dict[str, Any] = {}
    exec(code, scope)
    fates = ["plain" if label == -100 else "loss" for label in scope["labels"].tolist()]
    assert fates == ["plain" if one == "plain" else "loss" for one in shown["fates"]]
    changed = (scope["inputs"] != scope["tokens"]).tolist()
    assert changed == [a != b for a, b in zip(Masking().tokens, shown["seen"], strict=True)]


def test_shares_above_one_are_refused() -> None:
    with pytest.raises(traitlets.TraitError, match="mask_share"):
        Masking(mask_share=0.8, random_share=0.3)
    with pytest.raises(traitlets.TraitError, match="predictions"):
        Masking(predictions=[{"position": 1}])
