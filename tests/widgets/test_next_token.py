"""Next token: front end, Python and the usual library cut the same tokens and draw the same ones."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import traitlets
from playwright.sync_api import Browser, Page
from transformers.generation.logits_process import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from lesson_utils.widgets import NextToken
from lesson_utils.widgets.next_token import choices, cut_mass, cuts, draw, entropy, ranking, truncate

from .harness import axe_violations, call_js, in_page, opened, set_ranges, settle, write_page


def random_case(rng: random.Random, decimals: int = 1) -> tuple[list[float], dict[str, Any]]:
    """Return logits, with ties where there are few decimals, and settings."""
    width = rng.choice([2, 5, 50])
    logits = [round(rng.uniform(-width, width), decimals) for _ in range(rng.randint(2, 40))]
    return logits, {
        "temperature": round(rng.uniform(0.1, 5), 1),
        "top_k": rng.choice([0, rng.randint(0, 40)]),
        "top_p": rng.choice([1, round(rng.uniform(0.05, 1), 2)]),
    }


def check(shown: dict[str, Any], logits: list[float], settings: dict[str, Any]) -> None:
    after = truncate(logits, **settings)
    assert shown["order"] == ranking(logits)
    assert shown["cuts"] == cuts(logits, **settings)
    assert shown["left"] == shown["cuts"].count("")
    np.testing.assert_allclose(shown["model"], truncate(logits), rtol=1e-9)
    np.testing.assert_allclose(shown["after"], after, rtol=1e-9)
    np.testing.assert_allclose(shown["cut"], cut_mass(logits, **settings), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(shown["entropy"], [entropy(truncate(logits)), entropy(after)], atol=1e-9)


def test_front_end_agrees_with_python_on_220_settings() -> None:
    rng = random.Random(0)
    cases = [random_case(rng) for _ in range(220)]
    found = call_js("next_token", [["solve", {"logits": logits}, settings] for logits, settings in cases])
    for (logits, settings), shown in zip(cases, found, strict=True):
        check(shown, logits, settings)
    drawn = call_js("next_token", [["draws", shown["after"], i, 60] for i, shown in enumerate(found)])
    for i, ((logits, settings), tokens) in enumerate(zip(cases, drawn, strict=True)):
        assert tokens == draw(truncate(logits, **settings), i, 60).tolist()
        assert not {cuts(logits, **settings)[token] for token in tokens} - {""}


def test_python_agrees_with_the_usual_library_on_220_settings() -> None:
    rng = random.Random(1)
    for _ in range(220):
        logits, settings = random_case(rng, decimals=9)
        scores = TemperatureLogitsWarper(float(settings["temperature"]))(
            None, torch.tensor([logits], dtype=torch.float64)
        )
        if settings["top_k"]:
            scores = TopKLogitsWarper(settings["top_k"])(None, scores)
        if settings["top_p"] < 1:
            scores = TopPLogitsWarper(settings["top_p"])(None, scores)
        np.testing.assert_allclose(truncate(logits, **settings), scores.softmax(-1)[0].numpy(), rtol=1e-9)


def test_what_can_be_checked_by_hand() -> None:
    for context in NextToken().contexts:
        chances = 100 * truncate(context["logits"])
        np.testing.assert_allclose(chances, np.round(chances, 1), atol=0.005)
    cat, france, australia, tale = (context["logits"] for context in NextToken().contexts)
    # 24 + 18 + 14 = 56 is below 60 %, so the fourth token crosses it: of 66 are left 24, 18, 14, 10.
    np.testing.assert_allclose(truncate(cat, top_p=0.6)[:5], [24 / 66, 18 / 66, 14 / 66, 10 / 66, 0], atol=1e-4)
    # Top-k first: 24 and 18 of 42 are 0.57 and 0.43, so top-p = 0.5 leaves one; of all 100 it would leave three.
    assert cuts(cat, top_k=2, top_p=0.5)[:3] == ["", "top-p", "top-k"]
    assert cuts(cat, top_p=0.5).count("") == 3
    # At temperature 1/2 the chances are squared: 46² against 36² = 2116 against 1296.
    p = truncate(australia, 0.5, top_k=2)
    assert p[0] == pytest.approx(2116 / 3412, abs=1e-4)
    # Top-p keeps no fixed number, and of equal tokens the first is left.
    assert [cuts(z, top_p=0.9).count("") for z in (cat, france, australia, tale)] == [8, 1, 3, 14]
    assert cuts(cat, top_k=9)[8:] == ["", "top-k", "top-k", "top-k"]
    assert cuts([0] * 10, top_p=0.7).count("") == 7
    assert choices(truncate([3] * 8)) == pytest.approx(8)


def test_temperature_keeps_the_order_and_ends_in_the_greedy_choice() -> None:
    rng = random.Random(2)
    for _ in range(100):
        logits, _settings = random_case(rng)
        p = truncate(logits, rng.uniform(0.1, 5))[ranking(logits)]
        assert (np.diff(p) <= 0).all()
    for context in NextToken().contexts:
        spread = [entropy(truncate(context["logits"], t)) for t in (0.1, 0.5, 1, 2, 5)]
        assert spread == sorted(spread)
        np.testing.assert_allclose(truncate(context["logits"], 0.01), truncate(context["logits"], top_k=1), atol=1e-9)


def test_draws_follow_the_probabilities() -> None:
    p = truncate(NextToken().contexts[0]["logits"], 1.5, 6, 0.95)
    counts = np.bincount(draw(p, 7, 10_000), minlength=len(p))
    assert (counts[p == 0] == 0).all()
    np.testing.assert_allclose(counts / 10_000, p, atol=0.015)


def read(page: Page) -> dict[str, Any]:
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def test_sliders_and_draws_are_pythons(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(3)
    contexts = NextToken().contexts
    with opened(browser, write_page(tmp_path, [NextToken(seed=5)])) as page:
        page.get_by_role("button", name="Draw", exact=True).click()
        page.get_by_role("button", name="Draw 100").click()
        for _ in range(8):
            at = rng.randrange(len(contexts))
            settings = {"temperature": round(rng.uniform(0.1, 5), 1), "top_k": rng.randint(0, 12)}
            settings["top_p"] = round(rng.uniform(0.05, 1), 2)
            page.locator(f'input[data-field=context][value="{at}"]').check(force=True)
            set_ranges(page, settings)
            shown, logits = read(page), contexts[at]["logits"]
            check(shown, logits, settings)
            drawn = draw(truncate(logits, **settings), 5, 101)
            assert shown["counts"] == np.bincount(drawn, minlength=len(logits)).tolist()
            assert page.inner_text(".lw-gap") == contexts[at]["tokens"][drawn[-1]]
            assert page.inner_text(".lw-stats dd >> nth=0") == f"{shown['left']} of {len(logits)}"
        page.get_by_role("button", name="New numbers").click()
        settle(page)
        drawn = draw(truncate(logits, **settings), 6, 101)
        assert read(page)["counts"] == np.bincount(drawn, minlength=len(logits)).tolist()
        page.get_by_role("button", name="Reset").click()
        settle(page)
        assert sum(read(page)["counts"]) == 0 and page.inner_text(".lw-gap") == "?"


def test_cut_tokens_are_marked_by_words_and_a_line(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [NextToken(top_k=6, top_p=0.6)]), forced_colors="active") as page:
        rows = page.locator(".lw-token:not(.lw-label):visible")
        words = rows.locator(".lw-after").all_inner_texts()
        assert words.count("cut, top-p") == 3 and words.count("cut, top-k") == 6
        lines = rows.locator(".lw-name").evaluate_all("all => all.map(one => getComputedStyle(one).textDecorationLine)")
        assert lines == ["none"] * 3 + ["line-through"] * 9
        assert axe_violations(page) == []


def test_keyboard_chooses_the_context_and_draws(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [NextToken()])) as page:
        page.locator("input[data-field=context]").first.focus()
        page.keyboard.press("ArrowRight")
        page.get_by_role("button", name="Draw", exact=True).focus()
        page.keyboard.press("Enter")
        page.locator("input[data-field=top_k]").focus()
        page.keyboard.press("ArrowRight")
        settle(page)
        assert page.inner_text(".lw-text").replace("\n", "") == "The capital of France is Paris"
        assert read(page)["left"] == 1
        words = "document.querySelector('[role=status]').textContent"
        page.wait_for_function(f"() => {words}.includes('1 of 11 tokens left')")


def test_texts_of_every_kind_fit_a_phone(browser: Browser, tmp_path: Path) -> None:
    tokens = [" word", "\n", "", "<b>", "long" * 30, *(str(i) for i in range(35))]
    odd = {"text": "a" * 300, "tokens": tokens, "logits": np.linspace(50, -50, 40)}
    with opened(browser, write_page(tmp_path, [NextToken(contexts=[odd])]), 360) as page:
        names = page.locator(".lw-name").all_inner_texts()
        assert names[:4] == ["␣word", "↵", "(empty)", "<b>"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert not page.locator(".lw-choice").is_visible()


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_the_probabilities_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    context = {"text": "", "tokens": list("abcdefg"), "logits": [1.5, 3, -1, 3, 0.25, 2, -4]}
    settings = [{"top_k": 4, "top_p": 0.8, "temperature": 1.7}, {"temperature": 0.5}]
    places = [NextToken(contexts=[context], **one) for one in settings]
    with opened(browser, write_page(tmp_path, places)) as page:
        in_page(page, "scrollThrough")
        for widget in page.locator(".lw").all():
            widget.locator(f"button[data-framework={framework}]").click()
            settle(page)
            code = widget.locator(".lw-code pre").inner_text()
            shown = json.loads(widget.get_attribute("data-shown") or "")
            scope: dict[str, Any] = {}
            exec(code, scope)
            np.testing.assert_allclose(scope["probabilities"].numpy(), shown["after"], rtol=1e-9)
            assert shown["after"][scope["token"].tolist()[0]] > 0
        assert page.locator(".lw").count() == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("contexts", []),
        ("contexts", [{"text": "a", "tokens": ["a", "b"]}]),
        ("contexts", [{"text": 1, "tokens": ["a", "b"], "logits": [1, 2]}]),
        ("contexts", [{"text": "a", "tokens": ["a", 2], "logits": [1, 2]}]),
        ("contexts", [{"text": "a", "tokens": ["a", "b"], "logits": [1, 2, 3]}]),
        ("contexts", [{"text": "a", "tokens": ["a"], "logits": [1]}]),
        ("contexts", [{"text": "a", "tokens": ["a", "b"], "logits": [1, 50.5]}]),
        ("contexts", [{"text": "a", "tokens": ["a", "b"], "logits": [1, float("nan")]}]),
        ("context", 4),
        ("temperature", 0),
        ("top_k", 41),
        ("top_p", 0.04),
    ],
)
def test_bad_settings_are_named(name: str, value: Any) -> None:
    with pytest.raises(traitlets.TraitError, match=name):
        NextToken(**{name: value})
