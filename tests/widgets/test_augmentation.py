"""Augmentation: the front end makes the pictures that numpy, torchvision and both frameworks make."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from playwright.sync_api import Browser

from lesson_utils.widgets import Augmentation
from lesson_utils.widgets.augmentation import pixels, shape_of, solve
from lesson_utils.widgets.draws import normal, uniform

from .harness import call_js, opened, set_ranges, settle, write_page

RANGES = {
    "shift_x": (-16, 16, 0), "shift_y": (-16, 16, 0), "rotation": (-180, 180, 0), "scale": (0.5, 2, 2),
    "shear": (-0.6, 0.6, 2), "perspective": (-0.6, 0.6, 2), "blur": (0, 3, 1), "brightness": (0, 2, 2),
    "contrast": (0, 2, 2), "saturation": (0, 2, 2), "noise": (0, 0.5, 2), "erase": (0, 0.6, 2), "mix": (0, 1, 2),
}  # fmt: skip


def random_settings(rng: random.Random) -> dict[str, Any]:
    """Every setting moved with a chance of one half."""
    moved = {name: (low, high, digits) for name, (low, high, digits) in RANGES.items() if rng.random() < 0.5}
    settings = {name: round(rng.uniform(low, high), digits or None) for name, (low, high, digits) in moved.items()}
    return {**settings, "flip": rng.random() < 0.5, "seed": rng.randrange(1000)}


def states(count: int) -> list[dict[str, Any]]:
    """Random settings over small pictures, grey and in colour by turns."""
    rng, draw = random.Random(0), np.random.default_rng(0)
    made = []
    for index in range(count):
        side = rng.randint(8, 14)
        shape = (2, side, side, 3) if index % 2 else (2, side, side)
        made.append(Augmentation(pictures=draw.random(shape), **random_settings(rng)).public_state())
    return made


def check(shown: dict[str, Any], state: dict[str, Any]) -> None:
    expected = solve(state)
    np.testing.assert_allclose(shown["pixels"], expected["pixels"].ravel(), atol=1e-9)
    for name in ("label", "box", "outside", "lost"):
        np.testing.assert_allclose(shown[name], expected[name], atol=1e-12, err_msg=name)


def test_front_end_agrees_with_numpy_on_300_settings() -> None:
    every = states(300)
    for state, shown in zip(every, call_js("augmentation", [["solve", s] for s in every]), strict=True):
        check(shown, state)
    assert call_js("augmentation", [["clean", s] for s in every]) == every
    photo = Augmentation(rotation=31, flip=True, contrast=1.6, noise=0.1, erase=0.3, seed=7).public_state()
    check(call_js("augmentation", [["solve", photo]])[0], photo)


def test_random_numbers_are_those_of_the_widgets() -> None:
    keys = [[seed, key, 5] for seed in (0, 1, 999) for key in (0, 3, 6911)]
    for name, ours in [("hash", uniform), ("normal", normal)]:
        theirs = call_js("augmentation", [[name, *key] for key in keys])
        np.testing.assert_allclose(theirs, [ours(*key) for key in keys], rtol=1e-12)


def test_what_another_draw_sets_is_allowed() -> None:
    for settings in call_js("augmentation", [["draw", seed] for seed in range(50)]):
        Augmentation(**settings)


def test_oracle_agrees_with_torchvision() -> None:
    import torch
    from torchvision.transforms.v2 import functional as F

    draw = np.random.default_rng(1)
    pictures = draw.random((2, 12, 12, 3))
    state = Augmentation(pictures=pictures).public_state()
    x = torch.tensor(pixels(state["pictures"][0])).permute(2, 0, 1)
    cases = {
        "flip": (True, F.horizontal_flip(x)),
        "brightness": (1.7, F.adjust_brightness(x, 1.7)),
        "contrast": (1.6, F.adjust_contrast(x, 1.6)),
        "saturation": (0.3, F.adjust_saturation(x, 0.3)),
        "rotation": (35, F.rotate(x, -35, interpolation=F.InterpolationMode.BILINEAR)),
    }
    for name, (value, theirs) in cases.items():
        ours = solve({**state, name: value})["pixels"]
        # torchvision works in float32 here and there
        np.testing.assert_allclose(ours, theirs.permute(1, 2, 0), atol=1e-4, err_msg=name)
    # At the border torchvision mirrors, so compare the middle of a larger picture.
    big = Augmentation(pictures=draw.random((2, 32, 32))).public_state()
    x = torch.tensor(pixels(big["pictures"][0])).permute(2, 0, 1)
    theirs = F.gaussian_blur(x, [13, 13], [1.5, 1.5])[0, 6:-6, 6:-6]
    np.testing.assert_allclose(solve({**big, "blur": 1.5})["pixels"][6:-6, 6:-6, 0], theirs, atol=1e-6)


def test_sliders_change_the_picture_to_numpys(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(2)
    widget = Augmentation(pictures=np.random.default_rng(2).random((2, 16, 16, 3)), labels=["this", "that"])
    read = """() => {
      const copy = new OffscreenCanvas(16, 16).getContext('2d', { willReadFrequently: true });
      copy.drawImage(document.querySelectorAll('canvas')[1], 0, 0);
      return [...copy.getImageData(0, 0, 16, 16).data];
    }"""
    with opened(browser, write_page(tmp_path, [widget])) as page:
        for _ in range(15):
            settings = random_settings(rng)
            numbers = {name: settings.get(name, getattr(Augmentation, name).default_value) for name in RANGES}
            page.locator("input[type=checkbox]").set_checked(settings["flip"])
            set_ranges(page, numbers)
            # The sliders' own steps: what they took is what counts.
            numbers = {name: float(page.input_value(f"input[data-field={name}]")) for name in RANGES}
            expected = solve({**widget.public_state(), **numbers, "flip": settings["flip"]})
            shown = np.reshape(page.evaluate(read), (16, 16, 4))[..., :3]
            np.testing.assert_allclose(shown, 255 * expected["pixels"], atol=0.51)
            said = json.loads(page.get_attribute(".lw", "data-shown") or "")
            assert said["mean"] == pytest.approx(expected["pixels"].mean())
            shares = [float(text.split()[0]) for text in page.locator(".lw-shares .lw-num").all_inner_texts()]
            np.testing.assert_allclose(shares, 100 * np.array(expected["label"]), atol=0.051)


def test_keyboard_turns_mixes_and_draws_anew(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Augmentation()])) as page:
        page.locator("input[data-field=mix]").focus()
        for _ in range(6):
            page.keyboard.press("ArrowRight")
        settle(page)
        assert page.locator(".lw-shares .lw-num").all_inner_texts() == ["70 %", "30 %"]
        assert "mixed labels" in page.inner_text(".lw-note")
        page.get_by_role("button", name="Another draw").focus()
        page.keyboard.press("Enter")
        settle(page)
        drawn = call_js("augmentation", [["draw", 1]])[0]
        shown = {name: float(page.input_value(f"input[data-field={name}]")) for name in drawn if name != "flip"}
        assert shown == {name: drawn[name] for name in shown}
        assert page.input_value("input[data-field=mix]") == "0.3"


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_what_is_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    import paddle
    import torch

    tensor = {"PyTorch": torch.tensor, "Paddle": paddle.to_tensor}[framework]
    everything = {
        "flip": True, "shift_x": 2, "rotation": -40, "scale": 1.2, "shear": 0.1, "perspective": 0.2, "blur": 0.8,
        "brightness": 1.3, "contrast": 0.7, "saturation": 1.5, "erase": 0.3, "mix": 0.25, "seed": 3,
    }  # fmt: skip
    draw = np.random.default_rng(3)
    for shape in [(2, 16, 16, 3), (2, 16, 16)]:
        widget = Augmentation(pictures=draw.random(shape), **everything)
        with opened(browser, write_page(tmp_path, [widget])) as page:
            page.click(f"button[data-framework={framework}]")
            settle(page)
            code = page.inner_text(".lw-code pre")
        x, other = (tensor(pixels(one).transpose(2, 0, 1)[None].astype("float32")) for one in widget.pictures)
        scope: dict[str, Any] = {"x": x, "other": other}
        exec(code, scope)
        result = scope["x"].numpy()[0].transpose(1, 2, 0)
        np.testing.assert_allclose(result, solve(widget.public_state())["pixels"], atol=1e-4)


def test_pictures_are_named_when_they_do_not_fit() -> None:
    for odd in (np.zeros((2, 7, 7)), np.zeros((3, 9, 9)), np.zeros((2, 9, 8)), np.full((2, 9, 9), 1.5), ["x", "y"]):
        with pytest.raises(traitlets.TraitError, match="pictures"):
            Augmentation(pictures=odd)
    with pytest.raises(traitlets.TraitError, match="labels"):
        Augmentation(labels=["one"])
    digits = Augmentation(pictures=np.zeros((2, 1, 28, 28), np.float32), labels=["3", "8"])
    assert [shape_of(one) for one in digits.pictures] == [(28, 1), (28, 1)]
    assert len(Augmentation().pictures[0]) == 4 * 48 * 48
