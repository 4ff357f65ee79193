"""Confusion matrix: the front end agrees with numpy and scikit-learn."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from playwright.sync_api import Browser, Page

from lesson_utils.widgets import Confusion
from lesson_utils.widgets.confusion import averages, binary, rates

from .harness import call_js, in_page, opened, set_ranges, settle, write_page


def random_cut(rng: random.Random) -> dict[str, float]:
    return {
        "threshold": round(rng.random(), 2),
        "prevalence": round(rng.uniform(0.01, 0.99), 2),
        "separation": round(rng.randint(0, 80) * 0.05, 2),
    }


def check(shown: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        if name == "classes":
            for one, other in zip(shown[name], value, strict=True):
                check(one, other)
        else:
            assert shown[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name


def test_front_end_agrees_with_numpy_on_300_settings() -> None:
    rng = random.Random(0)
    cuts = [random_cut(rng) for _ in range(300)]
    for cut, shown in zip(cuts, call_js("confusion", [["binary", c] for c in cuts]), strict=True):
        Confusion(**cut)
        np.testing.assert_allclose(shown, binary(*cut.values()), rtol=1e-9, atol=1e-13)
    draw = np.random.default_rng(0)
    matrices = [draw.integers(0, 3 ** draw.integers(1, 9), (n, n)) for n in [2, 3, 4, 5] * 75]
    calls = [["averages", m.tolist()] for m in matrices]
    for matrix, shown in zip(matrices, call_js("confusion", calls), strict=True):
        check(shown, averages(matrix))
    shares = [binary(*cut.values()) for cut in cuts]
    calls = [["rates", share.tolist()] for share in shares]
    for share, shown in zip(shares, call_js("confusion", calls), strict=True):
        check(shown, rates(share))


def test_oracle_agrees_with_scikit_learn() -> None:
    from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

    draw = np.random.default_rng(1)
    matrix = draw.integers(1, 40, (4, 4))
    truth = np.repeat(np.arange(4), matrix.sum(1))
    guess = np.concatenate([np.repeat(np.arange(4), row) for row in matrix])
    for average in ("macro", "micro"):
        theirs = precision_recall_fscore_support(truth, guess, average=average)
        assert averages(matrix)[f"{average}_f1"] == pytest.approx(theirs[2])
    scores = np.concatenate([draw.normal(-0.75, 1, 40_000), draw.normal(0.75, 1, 40_000)])
    area = roc_auc_score(np.repeat([0, 1], 40_000), scores)
    assert call_js("confusion", [["areaUnder", 1.5]])[0] == pytest.approx(area, abs=0.005)


def read(page: Page) -> dict[str, Any]:
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def test_sliders_change_the_numbers_to_numpys(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(2)
    with opened(browser, write_page(tmp_path, [Confusion()])) as page:
        for _ in range(25):
            cut = random_cut(rng)
            set_ranges(page, cut)
            expected = rates(binary(*cut.values()))
            check(read(page)["rates"], expected)
            shown = page.locator(".lw-stats dd").all_inner_texts()[:4]
            names = ("accuracy", "precision", "recall", "f1")
            assert shown == [f"{read(page)['rates'][name]:.3f}" for name in names]
            counts = [int(c.replace(",", "")) for c in page.locator("tbody td:visible").all_inner_texts()]
            np.testing.assert_allclose(counts, 1e4 * binary(*cut.values()).ravel(), atol=0.51)


def test_matrix_is_edited_by_keyboard_and_slider(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Confusion(mode="matrix")])) as page:
        page.locator(".lw-grid [role=gridcell]").first.focus()
        for key in ["ArrowDown", "ArrowRight", "Backspace", "Backspace", "4", "7", "+"]:
            page.keyboard.press(key)
        settle(page)
        matrix = np.array([[90, 5, 5], [10, 48, 10], [2, 3, 5]])
        check(read(page), averages(matrix))
        in_page(page, "setRanges", [{"cell": 12}, ".lw"])
        matrix[1, 1] = 12
        check(read(page), averages(matrix))


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_what_is_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    for setting in [{"threshold": 0.6}, {"mode": "matrix"}]:
        with opened(browser, write_page(tmp_path, [Confusion(**setting)])) as page:
            page.click(f"button[data-framework={framework}]")
            settle(page)
            shown, code = read(page), page.inner_text(".lw-code pre")
        scope: dict[str, Any] = {}
        exec(code, scope)
        expected = shown if "mode" in setting else shown["rates"]
        names = ("macro_f1", "accuracy") if "mode" in setting else ("precision", "recall", "f1")
        for name in names:
            assert float(scope[name]) == pytest.approx(expected[name], rel=1e-4)


def test_matrix_must_be_square() -> None:
    with pytest.raises(traitlets.TraitError, match="matrix"):
        Confusion(matrix=[[1, 2, 3], [4, 5, 6]])
