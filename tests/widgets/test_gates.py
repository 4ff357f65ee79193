"""Gates: the front end agrees with numpy, with finite differences and with both frameworks."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from playwright.sync_api import Browser, Page

from lesson_utils.widgets import Gates
from lesson_utils.widgets.gates import run_lstm, run_rnn

from .harness import call_js, opened, set_ranges, settle, write_page


def random_state(rng: random.Random) -> dict[str, Any]:
    steps, inputs, units = rng.randint(2, 24), rng.randint(1, 4), rng.randint(1, 4)
    draw = np.random.default_rng(rng.randint(0, 9999))
    columns = inputs + units + 1
    return {
        "sequence": draw.integers(-2, 3, (steps, inputs)).tolist(),
        "lstm": draw.normal(0, 1.2, (4 * units, columns)).round(3).tolist(),
        "rnn": draw.normal(0, 1.2, (units, columns)).round(3).tolist(),
        "names": ["a"],
        "step": rng.randrange(steps),
        "unit": rng.randrange(units),
        "force": rng.choice(["none", "input", "forget", "output"]),
        "level": round(rng.random(), 2),
        "seed": 0,
    }


def slopes(run: Any, units: int) -> np.ndarray:
    """Return d state_t / d state_0 by central differences, (T, H, H)."""
    tiny = 1e-5
    columns = [(run(tiny * e) - run(-tiny * e)) / (2 * tiny) for e in np.eye(units)]
    return np.stack(columns, axis=2)


def check(cells: list[Any], plain: list[Any], s: dict[str, Any], differences: bool) -> None:
    x, lstm, rnn = (np.array(s[name], float) for name in ("sequence", "lstm", "rnn"))
    expected = run_lstm(x, lstm, s["force"], s["level"])
    for name, values in expected.items():
        np.testing.assert_allclose([cell[name] for cell in cells], values, atol=1e-9)
    kept = np.cumprod([np.ones(len(rnn)), *expected["f"][1:]], axis=0)
    np.testing.assert_allclose([cell["kept"] for cell in cells], kept, atol=1e-9)
    np.testing.assert_allclose([cell["h"] for cell in plain], run_rnn(x, rnn), atol=1e-9)
    if differences:
        jacobian = slopes(lambda c: run_lstm(x, lstm, s["force"], s["level"], c)["c"], len(rnn))
        np.testing.assert_allclose([cell["slope"] for cell in cells], jacobian, rtol=1e-5, atol=1e-5)
        jacobian = slopes(lambda h: run_rnn(x, rnn, h), len(rnn))
        np.testing.assert_allclose([cell["slope"] for cell in plain], jacobian, rtol=1e-5, atol=1e-5)


def test_front_end_agrees_with_numpy_on_200_settings() -> None:
    rng = random.Random(0)
    states = [random_state(rng) for _ in range(200)]
    results = call_js("gates", [[name, s] for s in states for name in ("runLstm", "runRnn")])
    for i, state in enumerate(states):
        Gates(**state)
        check(results[2 * i], results[2 * i + 1], state, differences=i % 4 == 0)


def test_start_is_what_it_says() -> None:
    """The trained cell keeps what was written; the plain network forgets it."""
    s = Gates().public_state()
    cells = run_lstm(np.array(s["sequence"], float), np.array(s["lstm"]))
    shown = np.sign(cells["h"][:, 0])
    assert (shown[:8] == 1).all() and (shown[8:] == -1).all()
    lstm, plain = call_js("gates", [["runLstm", s], ["runRnn", s]])
    assert abs(lstm[7]["slope"][0][0]) > 0.9 and abs(plain[7]["slope"][0][0]) < 0.4


def read(page: Page) -> dict[str, Any]:
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def test_controls_change_the_numbers_to_numpys(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(3)
    with opened(browser, write_page(tmp_path, [Gates()])) as page:
        for _ in range(15):
            s = Gates().public_state()
            s["force"], s["level"] = rng.choice(["none", "input", "forget", "output"]), rng.random()
            s["level"], s["step"] = round(s["level"], 2), rng.randrange(12)
            page.check(f"input[data-field=force][value={s['force']}]")
            set_ranges(page, {"level": s["level"], "step": s["step"]})
            shown = read(page)
            check(shown["cells"], shown["plain"], s, differences=False)
            cell = float(page.inner_text(".lw-stats dd >> nth=0").replace("−", "-"))
            assert cell == pytest.approx(shown["cells"][s["step"]]["c"][0], abs=6e-4)


def test_inputs_are_edited_by_click_and_keyboard(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Gates()])) as page:
        cells = page.locator("[role=gridcell]")
        cells.nth(3).click()  # step 3 of "write?": 0 -> 1
        page.keyboard.press("ArrowDown")
        page.keyboard.press("-")
        settle(page)
        s = json.loads(json.dumps(Gates().public_state()))
        s["sequence"][3] = [1, 0]
        check(read(page)["cells"], read(page)["plain"], s, differences=False)
        assert page.input_value("input[data-field=step]") == "3"


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_gives_what_is_shown(framework: str, browser: Browser, tmp_path: Path) -> None:
    for setting in [{"step": 7}, {"force": "forget", "level": 0.5, "step": 3}]:
        with opened(browser, write_page(tmp_path, [Gates(**setting)])) as page:
            page.click(f"button[data-framework={framework}]")
            settle(page)
            shown, code = read(page)["cells"][setting["step"]], page.inner_text(".lw-code pre")
        scope: dict[str, Any] = {}
        exec(code, scope)
        np.testing.assert_allclose(scope["c"].detach().numpy(), shown["c"], rtol=1e-6)
        np.testing.assert_allclose(scope["gradient"].numpy(), shown["slope"][0], rtol=1e-5)


def test_shapes_that_differ_are_named() -> None:
    with pytest.raises(traitlets.TraitError, match="rnn"):
        Gates(rnn=np.zeros((2, 5)))
    with pytest.raises(traitlets.TraitError, match="step"):
        Gates(step=20)
