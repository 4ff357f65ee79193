"""Convolution: the front end computes what numpy and both frameworks compute."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from playwright.sync_api import Browser

from lesson_utils.widgets import Convolution
from lesson_utils.widgets.convolution import convolve, counts, output_size

from .harness import call_js, opened, set_ranges, settle, write_page


def random_window(rng: random.Random) -> dict[str, int]:
    limits = {"size": (3, 9), "kernel_size": (1, 5), "stride": (1, 4), "padding": (0, 2)}
    limits["dilation"] = (1, 3)
    return {name: rng.randint(low, high) for name, (low, high) in limits.items()}


def random_state(rng: random.Random) -> dict[str, Any]:
    groups = rng.choice([1, 1, 2, 4])
    channels = [c for c in (1, 2, 3, 4) if c % groups == 0]
    state: dict[str, Any] = {
        **random_window(rng),
        "in_channels": rng.choice(channels),
        "out_channels": rng.choice(channels),
        "groups": groups,
        "seed": rng.randint(0, 999),
        "image": None,
        "kernel": None,
    }
    if rng.random() < 0.5:
        draw = np.random.default_rng(rng.randint(0, 9999))
        n, k, cin, cout = (state[name] for name in ("size", "kernel_size", "in_channels", "out_channels"))
        state["image"] = draw.normal(size=(cin, n, n)).round(3).tolist()
        state["kernel"] = draw.normal(size=(cout, cin // groups, k, k)).round(3).tolist()
    return state


def test_front_end_agrees_with_numpy_on_300_settings() -> None:
    rng = random.Random(0)
    states = [random_state(rng) for _ in range(300)]
    drawn = call_js(
        "convolution",
        [[name, s] for s in states for name in ("pixels", "weights", "counts", "reading")],
    )
    calls = [["convolve", s, drawn[4 * i], drawn[4 * i + 1]] for i, s in enumerate(states)]
    for i, (s, result) in enumerate(zip(states, call_js("convolution", calls), strict=True)):
        Convolution(**{name: value for name, value in s.items() if value is not None})
        image, kernel = np.array(drawn[4 * i]), np.array(drawn[4 * i + 1])
        if s["image"] is not None:
            np.testing.assert_allclose(image, s["image"])
            np.testing.assert_allclose(kernel, s["kernel"])
        window = (s["stride"], s["padding"], s["dilation"])
        expected = convolve(image, kernel, *window, s["groups"])
        assert expected.shape == np.shape(result) or expected.size == 0
        np.testing.assert_allclose(np.reshape(result, expected.shape), expected, atol=1e-9)
        assert drawn[4 * i + 2] == counts(
            s["size"], s["kernel_size"], *window, s["in_channels"], s["out_channels"], s["groups"]
        )
        read, over = drawn[4 * i + 3]["read"], drawn[4 * i + 3]["over"]
        side = output_size(s["size"], s["kernel_size"], *window)
        assert not any(read[len(read) - over :])
        assert not side or read[len(read) - over - 1]


def test_oracle_agrees_with_both_frameworks() -> None:
    import torch

    rng = random.Random(1)
    for _ in range(60):
        s = random_state(rng)
        if s["image"] is None or not output_size(s["size"], s["kernel_size"], s["stride"], s["padding"], s["dilation"]):
            continue
        image, kernel = np.array(s["image"]), np.array(s["kernel"])
        args = {name: s[name] for name in ("stride", "padding", "dilation", "groups")}
        theirs = torch.conv2d(torch.tensor(image)[None], torch.tensor(kernel), **args)[0].numpy()
        np.testing.assert_allclose(convolve(image, kernel, *args.values()), theirs, atol=1e-9)


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_the_numbers_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    widget = Convolution(size=8, kernel_size=3, stride=2, padding=1, in_channels=2, out_channels=4, groups=2, seed=5)
    with opened(browser, write_page(tmp_path, [widget])) as page:
        page.click(f"button[data-framework={framework}]")
        settle(page)
        code = page.inner_text(".lw-code pre")
        shown = np.array(json.loads(page.get_attribute(".lw", "data-output") or ""))
    scope: dict[str, Any] = {}
    *lines, last = code.splitlines()
    exec("\n".join(lines), scope)
    np.testing.assert_allclose(eval(last, scope).numpy()[0], shown, rtol=1e-5)


def test_sliders_change_the_numbers_to_numpys(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(4)
    draw = np.random.default_rng(0)
    image, kernel = draw.integers(0, 9, (2, 9, 9)), draw.integers(-2, 3, (2, 2, 5, 5))
    with opened(browser, write_page(tmp_path, [Convolution(image=image, kernel=kernel)])) as page:
        for _ in range(25):
            s = random_window(rng)
            set_ranges(page, s)
            n, k, *window = s.values()
            expected = convolve(image[:, :n, :n], kernel[:, :, :k, :k], *window)
            shown = json.loads(page.get_attribute(".lw", "data-output") or "")
            np.testing.assert_allclose(np.reshape(shown, expected.shape), expected)
            side = expected.shape[1]
            assert f"2 × {side} × {side}" in page.inner_text(".lw-stats")
            assert page.locator(".lw-outs [role=gridcell]:visible").count() == 2 * side * side
            assert page.locator(".lw-error").is_visible() == (side == 0)


def test_floor_is_shown_as_a_floor_and_not_as_an_error(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Convolution(size=8, kernel_size=3, stride=2)])) as page:
        text = page.inner_text(".lw-size")
        for words in ["⌊2.5⌋", "1 row and 1 column left over", "not an error"]:
            assert words in text
        assert page.locator(".lw-skip").count() == 8 + 7
        assert page.locator(".lw-error").is_hidden()


def test_window_sum_and_hold(browser: Browser, tmp_path: Path) -> None:
    widget = Convolution(stride=2, in_channels=3)
    with opened(browser, write_page(tmp_path, [widget])) as page:
        image = np.array([[[int(c) for c in row.split()] for row in plane] for plane in planes(page)])
        cell = page.locator(".lw-outs [role=gridcell]").nth(5)
        cell.hover()
        settle(page)
        assert page.locator(".lw-line:visible").count() == 3
        assert page.locator(".lw-hit").count() == 27
        hit = [int(t) for t in page.locator(".lw-hit").all_inner_texts()]
        assert hit == image[:, 2:5, 4:7].ravel().tolist()
        sums = [int(text.replace("−", "-")) for text in page.locator(".lw-part:visible").all_inner_texts()]
        assert sum(sums) == int(cell.inner_text().replace("−", "-"))
        cell.click()
        page.locator(".lw-outs [role=gridcell]").nth(0).hover()
        settle(page)
        assert "output[1, 2]" in page.inner_text(".lw-total")
        assert cell.get_attribute("aria-selected") == "true"


def planes(page: Any) -> list[list[str]]:
    row = "[...r.children].map(c => c.textContent).join(' ')"
    rows = f"grid => [...grid.querySelectorAll('[role=row]')].map(r => {row})"
    grids = page.locator(".lw-line > .lw-box > .lw-grid:visible").element_handles()
    return [grid.evaluate(rows) for grid in grids]


def test_keyboard_alone_moves_holds_and_edits(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Convolution()])) as page:
        page.locator(".lw-outs [role=gridcell]").first.focus()
        for key in ["ArrowRight", "ArrowDown", "ArrowDown", "Enter"]:
            page.keyboard.press(key)
        settle(page)
        assert "output[2, 1]" in page.inner_text(".lw-total")
        assert page.locator(".lw-held").count() == 1
        before = json.loads(page.get_attribute(".lw", "data-output") or "")
        page.locator(".lw-line .lw-grid").nth(0).locator("[role=gridcell]").first.focus()
        for key in ["ArrowDown", "ArrowDown", "ArrowRight", "5", "+"]:
            page.keyboard.press(key)
        settle(page)
        after = json.loads(page.get_attribute(".lw", "data-output") or "")
        assert after[0][2][1] - before[0][2][1] == 6  # the pixel is the window's top left: weight 1
        assert "row 2, column 1" in page.inner_text(".lw-editor")


def test_settings_that_do_not_fit_together_are_named() -> None:
    with pytest.raises(traitlets.TraitError, match="groups"):
        Convolution(in_channels=3, groups=2)
    with pytest.raises(traitlets.TraitError, match=r"image.*size"):
        Convolution(size=5, image=np.zeros((1, 6, 6)))
    with pytest.raises(traitlets.TraitError, match=r"kernel.*in_channels"):
        Convolution(in_channels=2, kernel=np.zeros((1, 3, 3, 3)))
    widget = Convolution(image=np.arange(25).reshape(5, 5))
    assert (widget.size, widget.in_channels, widget.image[0][4][4]) == (5, 1, 24)
