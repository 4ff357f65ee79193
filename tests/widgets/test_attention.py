"""Attention: the front end agrees with numpy and with the frameworks' own attention."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from playwright.sync_api import Browser, Page

from lesson_utils.widgets import Attention
from lesson_utils.widgets.attention import MASKS, allowed, attend

from .harness import call_js, in_page, opened, set_ranges, settle, write_page


def random_state(rng: random.Random) -> dict[str, Any]:
    heads, tokens, width = rng.randint(1, 2), rng.randint(2, 6), rng.randint(1, 4)
    draw = np.random.default_rng(rng.randint(0, 9999))
    arrays = draw.uniform(-9, 9, (3, heads, tokens, width)).round(2).tolist()
    return {
        "tokens": [f"t{i}" for i in range(tokens)],
        **dict(zip(("query", "key", "value"), arrays, strict=True)),
        "head": rng.randrange(heads),
        "scaled": rng.random() < 0.5,
        "mask": rng.choice(MASKS),
        "padding": rng.randint(0, 5),
        "seed": 0,
    }


def check(shown: dict[str, Any], s: dict[str, Any]) -> None:
    seen = allowed(len(s["tokens"]), s["mask"], s["padding"])
    q, k, v = (np.array(s[name])[s["head"]] for name in ("query", "key", "value"))
    for name, expected in attend(q, k, v, seen, s["scaled"]).items():
        np.testing.assert_allclose(shown[name], expected, atol=1e-9)
    assert not np.array(shown["weights"])[~seen].any()


def test_front_end_agrees_with_numpy_on_300_settings() -> None:
    rng = random.Random(0)
    states = [random_state(rng) for _ in range(300)]
    for state in states:
        Attention(**state)
    for state, shown in zip(states, call_js("attention", [["attend", s] for s in states]), strict=True):
        check(shown, state)


def read(page: Page) -> dict[str, Any]:
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def test_controls_change_the_numbers_to_numpys(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(1)
    start = Attention().public_state()
    with opened(browser, write_page(tmp_path, [Attention()])) as page:
        for _ in range(20):
            s = {**random_state(rng), **{k: start[k] for k in ("tokens", "query", "key", "value")}}
            s["head"] = rng.randint(0, 1)
            page.check(f"input[data-field=head][value='{s['head']}']")
            page.check(f"input[data-field=mask][value={s['mask']}]")
            page.set_checked("input[data-field=scaled]", s["scaled"])
            set_ranges(page, {"padding": s["padding"]})
            check(read(page), s)
            weights = page.locator(".lw-panel:nth-child(4) [role=gridcell]").all_inner_texts()
            np.testing.assert_allclose([float(text) for text in weights], np.ravel(read(page)["weights"]), atol=0.0051)


def test_masking_too_late_is_shown_to_be_wrong(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Attention(mask="both")])) as page:
        s = Attention(mask="none").public_state()
        q, k, v = (np.array(s[name])[0] for name in ("query", "key", "value"))
        late = attend(q, k, v, allowed(5, "none", 1))["weights"] * allowed(5, "both", 1)
        np.testing.assert_allclose(read(page)["late"], late.sum(1))
        assert float(page.inner_text(".lw-stats dd >> nth=1")) == 1
        assert float(page.inner_text(".lw-stats dd >> nth=2")) < 1


def test_keyboard_edits_a_number(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Attention()])) as page:
        page.locator("[aria-label='Keys K'] [role=gridcell]").first.focus()
        for key in ["ArrowDown", "ArrowRight", "ArrowRight", "7", "+"]:
            page.keyboard.press(key)
        settle(page)
        s = Attention().public_state()
        s["key"] = json.loads(json.dumps(s["key"]))
        s["key"][0][1][2] = 8
        check(read(page), s)
        in_page(page, "setRanges", [{"cell": -3}, ".lw"])
        s["key"][0][1][2] = -3
        check(read(page), s)


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_what_is_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    for setting in [{"mask": "both"}, {"scaled": False, "head": 1, "mask": "causal"}]:
        with opened(browser, write_page(tmp_path, [Attention(**setting)])) as page:
            page.click(f"button[data-framework={framework}]")
            settle(page)
            shown, code = read(page), page.inner_text(".lw-code pre")
        scope: dict[str, Any] = {}
        exec(code, scope)
        head = setting.get("head", 0)
        np.testing.assert_allclose(scope["weights"].numpy()[head], shown["weights"], atol=1e-5)
        np.testing.assert_allclose(scope["output"].numpy()[head], shown["output"], atol=1e-4)


def test_shapes_that_differ_are_named() -> None:
    with pytest.raises(traitlets.TraitError, match="key"):
        Attention(key=np.zeros((2, 4, 3)))
    with pytest.raises(traitlets.TraitError, match="tokens"):
        Attention(tokens=["a", "b"])


def test_a_head_that_the_numbers_do_not_have_is_named() -> None:
    one = np.zeros((1, 5, 2))
    with pytest.raises(traitlets.TraitError, match="'head' 1 does not exist"):
        Attention(query=one, key=one, value=one, head=1)
