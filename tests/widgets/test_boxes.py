"""Boxes: the front end agrees with numpy, torchvision and paddle.vision."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from playwright.sync_api import Browser, Page

from lesson_utils.widgets import Boxes
from lesson_utils.widgets.boxes import anchors, area, giou, iou, suppress

from .harness import call_js, opened, set_ranges, settle, write_page


def random_box(rng: random.Random) -> list[int]:
    left, top = rng.randint(0, 70), rng.randint(0, 70)
    return [left, top, rng.randint(left + 5, 100), rng.randint(top + 5, 100)]


def random_state(rng: random.Random) -> dict[str, Any]:
    n = rng.randint(2, 6)
    return {
        "mode": rng.choice(["iou", "nms", "anchors"]),
        "boxes": [random_box(rng) for _ in range(n)],
        "scores": [round(rng.random(), 3) for _ in range(n)],
        "classes": [rng.randint(0, 1) for _ in range(n)],
        "iou_threshold": round(rng.random(), 2),
        "score_threshold": round(rng.random() * 0.4, 2),
        "sigma": round(rng.uniform(0.05, 2), 2),
        "soft": rng.random() < 0.5,
        "per_class": rng.random() < 0.5,
        "grid": rng.randint(1, 6),
        "scale": rng.randint(10, 90),
        "ratio": round(rng.uniform(1, 4), 1),
        "seed": 0,
    }


def check_pair(shown: dict[str, float], boxes: Any) -> None:
    a, b = np.array(boxes, dtype=float)[:2]
    assert shown["iou"] == pytest.approx(iou(a, b))
    assert shown["giou"] == pytest.approx(giou(a, b))
    assert shown["union"] == pytest.approx(area(a) + area(b) - shown["both"])


def check_steps(shown: list[dict[str, Any]], s: dict[str, Any]) -> None:
    kept = suppress(np.array(s["boxes"], float), np.array(s["scores"]), np.array(s["classes"]), s)
    assert [step["kept"] for step in shown] == [i for i, _ in kept]
    np.testing.assert_allclose([step["score"] for step in shown], [score for _, score in kept])


def test_front_end_agrees_with_numpy_on_300_settings() -> None:
    rng = random.Random(0)
    states = [random_state(rng) for _ in range(300)]
    for state in states:
        Boxes(**state)
    calls = [["overlap", s["boxes"][0], s["boxes"][1]] for s in states]
    for state, shown in zip(states, call_js("boxes", calls), strict=True):
        check_pair(shown, state["boxes"])
    for state, steps in zip(states, call_js("boxes", [["suppress", s] for s in states]), strict=True):
        check_steps(steps, state)
    for state, shown in zip(states, call_js("boxes", [["label", s] for s in states]), strict=True):
        expected = anchors(state["grid"], state["scale"], state["ratio"])
        np.testing.assert_allclose(shown["anchors"], expected)
        truths = np.array([state["boxes"][0], state["boxes"][-1]], float)
        table = np.array([[iou(a, b) for b in truths] for a in expected])
        wanted = np.where(table.max(1) >= state["iou_threshold"], table.argmax(1), -1)
        for _ in range(2):
            anchor, k = np.unravel_index(table.argmax(), table.shape)
            if table[anchor, k] > 0:
                wanted[anchor] = k
            table[anchor], table[:, k] = 0, 0
        assert [one["truth"] for one in shown["labels"]] == wanted.tolist()


def test_oracle_agrees_with_torchvision() -> None:
    import torch
    from torchvision.ops import batched_nms, generalized_box_iou, nms

    rng = random.Random(3)
    for _ in range(100):
        s = {**random_state(rng), "soft": False, "score_threshold": 0.0}
        boxes, scores = np.array(s["boxes"], float), np.array(s["scores"])
        theirs = generalized_box_iou(torch.tensor(boxes[:1]), torch.tensor(boxes[1:2]))
        assert giou(boxes[0], boxes[1]) == pytest.approx(theirs.item())
        args = torch.tensor(boxes), torch.tensor(scores)
        classes = torch.tensor(s["classes"])
        kept = batched_nms(*args, classes, s["iou_threshold"]) if s["per_class"] else nms(*args, s["iou_threshold"])
        ours = [i for i, _ in suppress(boxes, scores, np.array(s["classes"]), s)]
        assert ours == kept.tolist()


def read(page: Page) -> dict[str, Any]:
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def test_controls_change_the_numbers_to_numpys(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(4)
    with opened(browser, write_page(tmp_path, [Boxes(mode="nms")])) as page:
        fixed = {"boxes": read(page)["boxes"], "classes": [0, 0, 0, 1, 1]}
        for i in range(20):
            s = {**random_state(rng), **fixed}
            s["scores"] = [round(rng.uniform(0.1, 1), 2) for _ in range(5)]
            page.set_checked("input[data-field=soft]", s["soft"])
            page.set_checked("input[data-field=per_class]", s["per_class"])
            s["sigma"] = round(rng.randint(1, 40) * 0.05, 2)
            moved = {name: s[name] for name in ("iou_threshold", "score_threshold", "sigma")}
            set_ranges(page, {**moved, **{f"score{j}": v for j, v in enumerate(s["scores"])}})
            check_steps(read(page)["steps"], s)
            set_ranges(page, {"step": i % 3})
            assert page.locator(".lw-steps li:not(.lw-later)").count() == min(i % 3, len(read(page)["steps"]))


def test_mouse_and_keyboard_move_and_resize(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Boxes()])) as page:
        box = page.locator(".lw-box").nth(1)
        place = box.bounding_box()
        assert place
        page.mouse.move(place["x"] + place["width"] - 20, place["y"] + 20)
        page.mouse.down()
        page.mouse.move(place["x"] + place["width"] + 60, place["y"] + 40, steps=4)
        page.mouse.up()
        settle(page)
        moved = read(page)["boxes"][1]
        assert moved[0] > 18 and moved[2] - moved[0] == 40
        check_pair(read(page)["pair"], read(page)["boxes"])
        box.focus()
        for key in ["ArrowRight", "ArrowDown", "Shift+ArrowRight", "Shift+ArrowRight"]:
            page.keyboard.press(key)
        settle(page)
        after = read(page)["boxes"][1]
        assert after == [moved[0] + 1, moved[1] + 1, moved[2] + 3, moved[3] + 1]
        check_pair(read(page)["pair"], read(page)["boxes"])
        assert f"{read(page)['pair']['iou']:.2f}" in page.inner_text(".lw-facts")


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_what_is_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    settings: list[dict[str, Any]] = [
        {"mode": "iou"},
        {"mode": "nms"},
        {"mode": "nms", "per_class": True, "score_threshold": 0.65},
        {"mode": "nms", "soft": True, "per_class": True},
        {"mode": "anchors"},
    ]
    for setting in settings:
        with opened(browser, write_page(tmp_path, [Boxes(**setting)])) as page:
            page.click(f"button[data-framework={framework}]")
            settle(page)
            shown, code = read(page), page.inner_text(".lw-code pre")
        scope: dict[str, Any] = {}
        exec(code, scope)
        if setting["mode"] == "iou":
            assert float(scope["iou"]) == pytest.approx(shown["pair"]["iou"])
            assert float(scope["giou"]) == pytest.approx(shown["pair"]["giou"])
        elif setting["mode"] == "nms":
            assert [int(i) for i in scope["kept"]] == [step["kept"] for step in shown["steps"]]
        else:
            assert scope["object_of"].tolist() == [one["truth"] for one in shown["labels"]]


def test_boxes_without_area_are_refused() -> None:
    with pytest.raises(traitlets.TraitError, match="boxes"):
        Boxes(boxes=[[10, 10, 5, 20], [0, 0, 1, 1]])
