"""Digit pad: the browser answers as onnxruntime does, and makes its input as numpy does."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import random
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import traitlets
from onnx import TensorProto, helper, numpy_helper
from playwright.sync_api import Browser, Page

from lesson_utils.data import load
from lesson_utils.widgets import DigitPad
from lesson_utils.widgets.digit_pad import as_mnist, compact, ink, thicken

from .harness import axe_violations, call_js, in_page, opened, set_ranges, settle, write_page

pytestmark = pytest.mark.slow  # exporting takes both frameworks
# dynamo=False, here "torchscript", is how PyTorch exported before 2.9; such files are still about.
EXPORTS = [("torch", "small"), ("torch", "odd"), ("torchscript", "lenet"), ("torchscript", "odd")]
EXPORTS += [("paddle", "small"), ("paddle", "lenet"), ("paddle", "odd")]


def torch_network(name: str) -> Any:
    import torch
    from torch import nn

    class Gate(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=4)

        def forward(self, x: Any) -> Any:
            return torch.sigmoid(self.conv(x)) * x + x / 2 - 0.25

    class Light(nn.Module):
        def forward(self, x: Any) -> Any:
            paper = (x.mean(dim=(1, 2, 3), keepdim=True) > 0.5).to(x.dtype)
            return (paper - x).abs()

    torch.manual_seed(1)
    pool = nn.MaxPool2d(2)
    lenet = [nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Sigmoid()]
    lenet += [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 84), nn.Tanh(), nn.Linear(84, 10)]
    small = [Light(), nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), pool, nn.Conv2d(8, 12, 3)]
    small += [nn.ReLU(), pool, nn.Flatten(), nn.Linear(12 * 36, 10)]
    odd = [nn.Conv2d(1, 8, (5, 3), (2, 1), (1, 2)), nn.ReLU6(), Gate(), nn.MaxPool2d(3, 2, 1, ceil_mode=True)]
    odd += [nn.AvgPool2d(3, 2, 1), nn.Conv2d(8, 16, 1, bias=False), nn.BatchNorm2d(16), nn.AdaptiveAvgPool2d(1)]
    odd += [nn.Flatten(), nn.Linear(16, 10, bias=False), nn.Softmax(1)]
    network = nn.Sequential(*{"small": small, "lenet": lenet, "odd": odd}[name])
    with torch.no_grad():
        network(torch.rand(64, 1, 28, 28))  # statistics that are not 0 and 1
    return network.eval()


def paddle_network(name: str) -> Any:
    import paddle
    from paddle import nn

    class Gate(nn.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2D(8, 8, 3, padding=2, dilation=2, groups=4)

        def forward(self, x: Any) -> Any:
            return nn.functional.sigmoid(self.conv(x)) * x + x / 2 - 0.25

    class Light(nn.Layer):
        def forward(self, x: Any) -> Any:
            paper = (x.mean(axis=(1, 2, 3), keepdim=True) > 0.5).astype(x.dtype)
            return (paper - x).abs()

    paddle.seed(1)
    pool = nn.MaxPool2D(2)
    lenet = [nn.Conv2D(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2D(2), nn.Conv2D(6, 16, 5), nn.Sigmoid()]
    lenet += [nn.AvgPool2D(2), nn.Flatten(), nn.Linear(400, 84), nn.Tanh(), nn.Linear(84, 10)]
    small = [Light(), nn.Conv2D(1, 8, 3, padding=1), nn.BatchNorm2D(8), nn.ReLU(), pool, nn.Conv2D(8, 12, 3)]
    small += [nn.ReLU(), pool, nn.Flatten(), nn.Linear(12 * 36, 10)]
    odd = [nn.Conv2D(1, 8, (5, 3), (2, 1), (1, 2)), nn.ReLU6(), Gate(), nn.MaxPool2D(3, 2, 1, ceil_mode=True)]
    odd += [nn.AvgPool2D(3, 2, 1, exclusive=False), nn.Conv2D(8, 16, 1, bias_attr=False), nn.BatchNorm2D(16)]
    odd += [nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(16, 10, bias_attr=False), nn.Softmax(1)]
    network = nn.Sequential(*{"small": small, "lenet": lenet, "odd": odd}[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # training mode is announced as one
        network(paddle.rand([64, 1, 28, 28]))
    network.eval()
    return network


def export(way: str, name: str, path: Path) -> bytes:
    """Export a network as its framework does and return the file's content."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if way == "paddle":
            import paddle

            spec = [paddle.static.InputSpec([None, 1, 28, 28], "float32", "image")]
            network = paddle_network(name)
            paddle.onnx.export(network, str(path), spec, opset_version=17)
        else:
            import torch

            options = {"external_data": False} if way == "torch" else {}
            image = (torch.zeros(1, 1, 28, 28),)
            torch.onnx.export(torch_network(name), image, f"{path}.onnx", dynamo=way == "torch", **options)
    return path.with_suffix(".onnx").read_bytes()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], bytes]:
    folder = tmp_path_factory.mktemp("onnx")
    return {(way, name): export(way, name, folder / f"{way}-{name}") for way, name in EXPORTS}


def runtime(model: bytes, pictures: np.ndarray) -> np.ndarray:
    """Return onnxruntime's answers, one picture at a time."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: picture[None]})[0] for picture in pictures])


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return load("mnist", "test")[0][::25]  # four of each


@pytest.fixture(scope="module")
def small(models: dict[tuple[str, str], bytes], digits: np.ndarray) -> DigitPad:
    return DigitPad(model=models["torch", "small"], examples=digits[:12])


def test_answers_are_onnxruntimes(models: dict[tuple[str, str], bytes], digits: np.ndarray) -> None:
    noise = np.random.default_rng(0).random((20, 1, 28, 28), np.float32)
    pictures = np.concatenate([digits[:20], 1 - digits[:4], noise[4:]])
    flat = pictures.reshape(40, 784).tolist()
    answers = call_js("digit_pad", [["logitsOf", DigitPad(model=model).model, flat] for model in models.values()])
    for (way, name), shown in zip(models, answers, strict=True):
        theirs = runtime(models[way, name], pictures)
        assert np.ptp(theirs, axis=0).max() > 1e-3, "the answers depend on the picture"
        np.testing.assert_allclose(shown, theirs, rtol=0, atol=1e-5, err_msg=f"{way} {name}")


def random_settings(rng: random.Random, examples: int) -> dict[str, Any]:
    strokes = []
    for _ in range(rng.randint(0, 3)):
        points = [rng.randint(0, 280) for _ in range(2 * rng.randint(1, 6))]
        strokes.append([int(rng.random() < 0.2), *points])
    return {
        "strokes": strokes,
        "seed": rng.randrange(examples),
        "blank": rng.random() < 0.5,
        "centre": rng.random() < 0.7,
        "invert": rng.random() < 0.3,
        "thick": rng.choice([0, 0, rng.randint(-3, 6)]),
        "shift_x": rng.choice([0, rng.randint(-10, 10)]),
        "shift_y": rng.choice([0, rng.randint(-10, 10)]),
    }


def expected_input(s: dict[str, Any], examples: list[str]) -> np.ndarray:
    start = None
    if not s["blank"]:
        start = np.frombuffer(base64.b64decode(examples[s["seed"] % len(examples)]), np.uint8).reshape(28, 28) / 255
    cells = thicken(ink(s["strokes"], start), s["thick"])
    light = as_mnist(cells, s["centre"], (s["shift_x"], s["shift_y"]))
    return 255 - light if s["invert"] else light


def test_input_is_numpys_on_200_settings(digits: np.ndarray) -> None:
    rng = random.Random(0)
    examples = DigitPad(examples=digits).examples
    settings = [random_settings(rng, 40) for _ in range(200)]
    states = [DigitPad(examples=digits[:40], **s).public_state() for s in settings]
    for s, shown in zip(settings, call_js("digit_pad", [["solve", state] for state in states]), strict=True):
        np.testing.assert_array_equal(np.reshape(shown["input"], (28, 28)), expected_input(s, examples), str(s))


def test_a_digit_of_mnist_stays_what_it_is(digits: np.ndarray) -> None:
    unchanged = 0
    for digit in digits[:, 0]:
        again = as_mnist(np.kron(digit, np.ones((4, 4))))
        unchanged += np.abs(again / 255.0 - digit).max() < 0.01
        small = np.kron(digit, np.ones((2, 2)))  # half the size, in a corner
        corner = as_mnist(np.pad(small, ((0, 56), (56, 0))))
        assert np.abs(corner / 255.0 - again / 255.0).mean() < 0.02
    # Some digits of MNIST are a little under or over 20 pixels, or on the edge to the next pixel.
    assert unchanged >= 35


def test_covering_costs_what_onnxruntime_says(models: dict[tuple[str, str], bytes], small: DigitPad) -> None:
    shown, drops = call_js("digit_pad", [["solve", small.public_state()], ["occlusion", small.public_state()]])
    pixels = np.reshape(shown["input"], (28, 28)).astype(np.float32) / 255
    covered = []
    for i, j in np.ndindex(14, 14):
        picture = pixels.copy()
        picture[max(0, 2 * i - 2) : 2 * i + 4, max(0, 2 * j - 2) : 2 * j + 4] = 0
        covered.append(picture)
    answers = runtime(models["torch", "small"], np.stack([pixels, *covered])[:, None])
    chances = np.stack([softmax(answer)[shown["digit"]] for answer in answers])
    np.testing.assert_allclose(drops, chances[0] - chances[1:], atol=1e-5)


def read(page: Page) -> dict[str, Any]:
    settle(page)
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def check_shown(page: Page, model: bytes) -> dict[str, Any]:
    """Return what is shown, which must be what onnxruntime answers to the input shown."""
    shown = read(page)
    picture = np.reshape(shown["input"], (1, 1, 28, 28)).astype(np.float32) / 255
    logits = runtime(model, picture)[0]
    np.testing.assert_allclose(shown["logits"], logits, atol=1e-5)
    np.testing.assert_allclose(shown["chances"], softmax(logits), atol=1e-5)
    bars = [float(text.split()[0]) for text in page.locator(".lw-share").all_inner_texts()]
    np.testing.assert_allclose(bars, 100 * softmax(logits), atol=0.051)
    return shown


def moves(page: Page) -> None:
    """Draw an L with the mouse: down, then to the right."""
    box = page.locator(".lw-pad").bounding_box() or {}
    at = [(0.3, 0.2), (0.3, 0.5), (0.3, 0.8), (0.5, 0.8), (0.7, 0.8)]
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in at]
    page.mouse.move(*points[0])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def is_an_l(shown: dict[str, Any]) -> bool:
    pixels = np.reshape(shown["input"], (28, 28)) > 127
    rows, columns = pixels.sum(axis=1), pixels.sum(axis=0)
    tall = 19 <= (rows > 0).sum() <= 20
    return bool(tall and rows.max() >= 8 and columns.max() >= 18 and rows[:12].max() <= 4)


def test_drawing_with_the_mouse(
    models: dict[tuple[str, str], bytes], small: DigitPad, browser: Browser, tmp_path: Path
) -> None:
    with opened(browser, write_page(tmp_path, [small])) as page:
        check_shown(page, models["torch", "small"])
        page.get_by_role("button", name="Clear").click()
        assert sum(read(page)["input"]) == 0
        assert "Nothing is drawn" in page.inner_text(".lw-note")
        moves(page)
        drawn = check_shown(page, models["torch", "small"])
        assert is_an_l(drawn)
        page.get_by_role("button", name="Eraser").click()
        moves(page)
        assert sum(read(page)["input"]) == 0
        page.get_by_role("button", name="Undo").click()
        assert read(page)["input"] == drawn["input"]
        page.get_by_role("button", name="Undo").click()
        assert sum(read(page)["input"]) == 0
        page.get_by_role("button", name="Another digit").click()
        assert sum(check_shown(page, models["torch", "small"])["input"]) > 5000


def test_drawing_with_a_finger(
    models: dict[tuple[str, str], bytes], small: DigitPad, browser: Browser, tmp_path: Path
) -> None:
    address = write_page(tmp_path, [small])
    with opened(browser, address, 360, has_touch=True, is_mobile=True) as page:
        page.get_by_role("button", name="Clear").tap()
        page.locator(".lw-pad").scroll_into_view_if_needed()
        before = page.evaluate("scrollY")
        box = page.locator(".lw-pad").bounding_box() or {}
        client = page.context.new_cdp_session(page)
        at = [(0.3, 0.2), (0.3, 0.4), (0.3, 0.6), (0.3, 0.8), (0.5, 0.8), (0.7, 0.8)]
        points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in at]
        kinds = ["touchStart", *["touchMove"] * 5]
        for kind, point in zip(kinds, points, strict=True):
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert is_an_l(check_shown(page, models["torch", "small"]))
        assert page.evaluate("scrollY") == before, "the page must not scroll under the finger"


def test_drawing_with_the_keyboard(
    models: dict[tuple[str, str], bytes], small: DigitPad, browser: Browser, tmp_path: Path
) -> None:
    with opened(browser, write_page(tmp_path, [small])) as page:
        page.get_by_role("button", name="Clear").click()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("document.activeElement.className") == "lw-pad"
        for key in ["ArrowLeft"] * 5 + ["ArrowUp"] * 8 + [" "] + ["ArrowDown"] * 17 + ["ArrowRight"] * 11:
            page.keyboard.press(key)
        page.wait_for_function("() => document.querySelector('.lw [role=status]').textContent.includes('Pen down')")
        page.keyboard.press(" ")
        page.keyboard.press("ArrowUp")  # the pen is up: nothing is drawn
        assert is_an_l(check_shown(page, models["torch", "small"]))
        page.keyboard.press("Backspace")
        assert sum(read(page)["input"]) == 0


def test_sliders_and_switches_change_the_input(
    models: dict[tuple[str, str], bytes], small: DigitPad, browser: Browser, tmp_path: Path
) -> None:
    rng = random.Random(3)
    with opened(browser, write_page(tmp_path, [small])) as page:
        for _ in range(12):
            s = {**random_settings(rng, 1), "strokes": [], "blank": False}
            page.get_by_label("Scale and centre").set_checked(s["centre"])
            page.get_by_label("Dark ink").set_checked(s["invert"])
            set_ranges(page, {name: s[name] for name in ("thick", "shift_x", "shift_y")})
            shown = check_shown(page, models["torch", "small"])
            expected = expected_input(s, small.examples)
            np.testing.assert_array_equal(np.reshape(shown["input"], (28, 28)), expected)


def test_occlusion_map_comes_on_request_in_slices(small: DigitPad, browser: Browser, tmp_path: Path) -> None:
    (drops,) = call_js("digit_pad", [["occlusion", small.public_state()]])
    with opened(browser, write_page(tmp_path, [small])) as page:
        assert page.locator(".lw-heat").is_hidden() and "drops" not in read(page)
        page.get_by_label("Cover each place").check()
        page.wait_for_function("() => JSON.parse(document.querySelector('.lw').dataset.shown).drops?.length === 196")
        np.testing.assert_allclose(read(page)["drops"], drops, atol=1e-9)
        assert page.locator(".lw-heat").is_visible()


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_the_probabilities_shown(
    framework: str, models: dict[tuple[str, str], bytes], digits: np.ndarray, browser: Browser, tmp_path: Path
) -> None:
    way, network = {"PyTorch": ("torch", torch_network), "Paddle": ("paddle", paddle_network)}[framework]
    for name in ("small", "odd"):
        widget = DigitPad(model=models[way, name], examples=digits[:5], seed=3)
        with opened(browser, write_page(tmp_path, [widget])) as page:
            page.click(f"button[data-framework={framework}]")
            shown, code = read(page), page.inner_text(".lw-code pre")
        scope: dict[str, Any] = {"model": network(name)}
        exec(code, scope)
        theirs = scope["probabilities"].detach().numpy()[0]
        np.testing.assert_allclose(shown["chances"], theirs, atol=1e-5)


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360)])
def test_with_a_network_it_fits_and_can_be_read(
    theme: str, width: int, small: DigitPad, browser: Browser, tmp_path: Path
) -> None:
    with opened(browser, write_page(tmp_path, [small], theme), width) as page:
        page.get_by_label("Cover each place").check()
        page.click(".lw-data > summary")
        read(page)
        assert axe_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert in_page(page, "smallTargets") == []
        assert page.locator(".lw-maps canvas").count() == 20


def test_a_frame_while_drawing_is_short(small: DigitPad, browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [small])) as page:
        client = page.context.new_cdp_session(page)
        client.send("Performance.enable", {"timeDomain": "threadTicks"})

        def busy() -> float:
            metrics = client.send("Performance.getMetrics")["metrics"]
            return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))

        in_page(page, "drag", ["shift_x", 20])
        before = busy()
        in_page(page, "drag", ["shift_x", 60])
        assert (busy() - before) / 60 < 0.017, "processor time of a frame in seconds"


def one_node(op: str, **attributes: Any) -> onnx.ModelProto:
    """Return a model that flattens the picture, multiplies, and ends in one operator."""
    weight = numpy_helper.from_array(np.zeros((784, 10), np.float32), "w")
    nodes = [helper.make_node("Flatten", ["image"], ["flat"]), helper.make_node("MatMul", ["flat", "w"], ["m"])]
    nodes.append(helper.make_node(op, ["m"], ["y"], **attributes))
    shapes = [["N", 1, 28, 28], ["N", 10]]
    image, answer = (
        helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in zip(["image", "y"], shapes, strict=True)
    )
    return helper.make_model(helper.make_graph(nodes, "g", [image], [answer], [weight]))


def test_what_the_browser_does_not_know_is_named() -> None:
    assert compact.read(one_node("Relu"))["nodes"][-1]["op"] == "Relu"
    with pytest.raises(traitlets.TraitError, match="'model' has the operator LeakyRelu; the browser knows .*Conv"):
        DigitPad(model=one_node("LeakyRelu"))
    with pytest.raises(traitlets.TraitError, match="Softmax"):
        DigitPad(model=one_node("Softmax", axis=0))
    for wrong, why in [("no.onnx", "no file"), (b"no", "no readable"), ({"nodes": []}, "dict with")]:
        with pytest.raises(traitlets.TraitError, match=f"'model'.*{why}"):
            DigitPad(model=wrong)


def test_models_that_are_too_large_are_refused(tmp_path: Path) -> None:
    import torch
    from torch import nn

    wide = nn.Sequential(nn.Conv2d(1, 40, 3), nn.Conv2d(40, 120, 3), nn.MaxPool2d(24), nn.Flatten(), nn.Linear(120, 10))
    heavy = nn.Sequential(nn.Flatten(), nn.Linear(784, 200), nn.Linear(200, 10))
    few = nn.Sequential(nn.Flatten(), nn.Linear(784, 3))
    for network, why in [(wide, "multiply-adds"), (heavy, "weights"), (few, "10 numbers")]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(network.eval(), (torch.zeros(1, 1, 28, 28),), tmp_path / "m.onnx", dynamo=False)
        with pytest.raises(traitlets.TraitError, match=re.compile(f"'model'.*{why}", re.S)):
            DigitPad(model=tmp_path / "m.onnx")


def test_pictures_and_strokes_of_the_wrong_kind_are_refused(digits: np.ndarray) -> None:
    for wrong in [digits * 2, digits[:, :, 1:], ["abc"], 3]:
        with pytest.raises(traitlets.TraitError, match="examples"):
            DigitPad(examples=wrong)
    for wrong in [[[0, 1]], [[2, 1, 1]], [[0, 1, 281]], [[0, 1.5, 2]], [[0] + [1, 1] * 5000]]:
        with pytest.raises(traitlets.TraitError, match="strokes"):
            DigitPad(strokes=wrong)
