"""Run explorer: what it shows is what pandas finds in the recorded runs, and its button trains for real."""

from __future__ import annotations

import html
import json
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import traitlets
from playwright.sync_api import Browser, Page

from lesson_utils.recorded import CURVES, read
from lesson_utils.recorded.regularization import train
from lesson_utils.widgets import RunExplorer
from lesson_utils.widgets.run_explorer import AXES, pack, unpack

from .harness import call_js, opened, set_ranges, settle, write_page

RUNS = read("regularization")
GRID = {axis: sorted(RUNS[axis].unique()) for axis in AXES}


def random_recording(rng: random.Random) -> pd.DataFrame:
    """Make up runs on a small grid; some stop being numbers, some never learn."""
    rows = []
    epochs = rng.randint(1, 6)
    for lr in (0.1, 1.0):
        for decay in (0.0, 0.01):
            for seed in range(2):
                end = rng.choice([epochs + 1, rng.randint(1, epochs)])
                for epoch in range(1, min(end, epochs) + 1):
                    values = [rng.choice([rng.uniform(0, 3), rng.uniform(0, 99)]) for _ in CURVES]
                    values = [np.nan] * 4 if epoch == end else values
                    rows.append([lr, 0.5, decay, seed, epoch, *values])
    frame = pd.DataFrame(rows, columns=[*AXES, "seed", "epoch", *CURVES])
    frame.attrs = {"data": "nothing", "framework": "made up", "processor": "none", "date": "today", "right": 0.8}
    return frame


def at_point(frame: pd.DataFrame, state: dict[str, Any]) -> pd.DataFrame:
    """The rows of one point of the grid, rounded as the page is."""
    chosen = frame[np.logical_and.reduce([frame[axis] == state[axis] for axis in AXES])].copy()
    chosen[list(CURVES)] = chosen[list(CURVES)].clip(upper=4.094)
    return chosen


def check(shown: dict[str, Any], frame: pd.DataFrame, state: dict[str, Any]) -> None:
    """Compare what the front end says of a point with pandas."""
    rows = at_point(frame, state)
    last = rows[rows["epoch"] == frame["epoch"].max()]
    for name, final in zip(CURVES, shown["final"], strict=True):
        values = last[name].dropna()
        assert (final is None) == values.empty
        if final is not None:
            expected = [values.mean(), values.min(), values.max()]
            np.testing.assert_allclose([final[k] for k in ("mean", "low", "high")], expected, atol=6e-4)
    means = rows.groupby("epoch")["val_loss"].mean()
    assert (shown["best"] is None) == means.isna().all()
    if shown["best"] is not None:
        assert shown["best"]["loss"] == pytest.approx(means.min(), abs=6e-4)
        assert means[shown["best"]["epoch"]] == pytest.approx(means.min(), abs=1.1e-3)
    for end, (_, run) in zip(shown["ends"], rows.groupby("seed"), strict=True):
        loss = run.set_index("epoch")["train_loss"]
        if loss.isna().any():
            assert end == {"epoch": int(loss.index[loss.isna()][0]), "how": "not a number"}
        else:
            assert (end is not None) == (loss.iloc[-1] >= 0.99 * np.log(10))


def test_front_end_agrees_with_pandas_on_300_settings() -> None:
    rng = random.Random(0)
    recordings = [RUNS, *(random_recording(rng) for _ in range(30))]
    packed = [pack(frame) for frame in recordings]
    asked, frames = [], []
    for i in range(300):
        frame, runs = recordings[i % 31], packed[i % 31]
        point = {axis: rng.choice(runs[axis]) for axis in AXES}
        frames.append(frame)
        asked.append(RunExplorer(**point, runs=runs).public_state())
    for frame, state, shown in zip(frames, asked, call_js("run_explorer", [["solve", s] for s in asked]), strict=True):
        check(shown, frame, state)


def test_packing_keeps_three_digits_and_is_small() -> None:
    runs = pack(RUNS)
    curves = unpack(runs)
    assert curves.shape[:4] == tuple(len(GRID[axis]) for axis in AXES) + (RUNS["seed"].nunique(),)
    wide = RUNS.set_index([*AXES, "seed", "epoch"])[list(CURVES)].unstack("epoch").to_numpy().ravel()
    found = curves.ravel()
    assert (np.isnan(found) == np.isnan(wide)).all()
    known = ~np.isnan(wide)
    np.testing.assert_allclose(found[known], np.minimum(wide[known], 4.094), atol=5.01e-4)
    assert len(html.escape(json.dumps(RunExplorer().public_state()))) <= 40_000


def test_settings_off_the_grid_and_broken_runs_are_named() -> None:
    with pytest.raises(traitlets.TraitError, match=r"'dropout' was recorded at .*; not at 0\.4"):
        RunExplorer(dropout=0.4)
    runs = pack(RUNS)
    for broken in ({**runs, "curves": runs["curves"][:-1]}, {**runs, "epochs": 24}, {**runs, "curves": "é" * 2}):
        with pytest.raises(traitlets.TraitError, match="'runs' needs recorded runs"):
            RunExplorer(runs=broken)


def read_shown(page: Page) -> dict[str, Any]:
    return json.loads(page.get_attribute(".lw", "data-shown") or "")


def test_sliders_change_the_numbers_to_pandas(browser: Browser, tmp_path: Path) -> None:
    rng = random.Random(1)
    with opened(browser, write_page(tmp_path, [RunExplorer()])) as page:
        for _ in range(12):
            places = {axis: rng.randrange(len(GRID[axis])) for axis in AXES}
            set_ranges(page, places)
            state = {axis: GRID[axis][place] for axis, place in places.items()}
            check(read_shown(page), RUNS, state)
            final = read_shown(page)["final"][1]
            text = page.inner_text(".lw-stats dd >> nth=1")
            assert text == "not a number" if final is None else text.startswith(f"{final['mean']:.3f}"), text
        page.locator("input[data-field=lr]").focus()
        page.keyboard.press("End")
        settle(page)
        assert "went wrong" in page.inner_text(".lw-note")
        assert page.get_attribute(".lw-cross", "d")


def test_static_page_trains_nothing_and_says_so(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [RunExplorer()])) as page:
        assert "No kernel runs behind this page" in page.inner_text(".lw-told")
        assert page.get_by_role("button", name="Train this for real").count() == 0


KERNEL = """() => {
  const place = document.querySelector(".lesson-widget");
  const state = { ...JSON.parse(place.dataset.state), _kernel: true, _train: false, _live: {} };
  const listeners = [];
  const set = (key, value) => {
    state[key] = value;
    listeners.filter(([name]) => name === `change:${key}`).forEach(([, call]) => call());
  };
  const on = (name, call) => listeners.push([name, call]);
  const model = { get: key => state[key], set, save_changes() {}, on, off() {} };
  place.replaceChildren();
  Object.values(globalThis.lessonWidgets)[0].render({ model, el: place });
  globalThis.kernel = { state, set };
}"""


def test_button_asks_the_kernel_and_draws_what_it_answers(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [RunExplorer()])) as page:
        page.evaluate(KERNEL)
        page.get_by_role("button", name="Train this for real").click()
        assert page.evaluate("kernel.state._train") is True
        live = {"lr": 0.3, "dropout": 0.5, "weight_decay": 0, "seed": 3, "framework": "torch", "end": ""}
        rows = [[2, 1.9, 0.3, 0.4], [1.5, 1.25, 0.5, 0.625]]
        page.evaluate("live => kernel.set('_live', live)", {**live, "rows": rows})
        settle(page)
        assert "epoch 2, validation loss 1.250, accuracy 0.625" in page.inner_text(".lw-told")
        assert len((page.locator(".lw-live.lw-val").get_attribute("points") or "").split()) == 2
        set_ranges(page, {"lr": 0})  # another point: its picture does not get this curve
        assert page.locator(".lw-live.lw-val").get_attribute("points") == ""
        page.get_by_role("button", name="Stop").click()
        assert page.evaluate("kernel.state._train") is False


@pytest.mark.parametrize("framework", ["PyTorch", "Paddle"])
def test_copied_code_repeats_the_recorded_run(framework: str, browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [RunExplorer(dropout=0)])) as page:
        page.click(f"button[data-framework={framework}]")
        settle(page)
        code = page.inner_text(".lw-code pre")
    scope: dict[str, Any] = {}
    # Two epochs of the 25; without dropout both frameworks compute the same, to rounding.
    exec(code.replace("seed=0)", "seed=0, callbacks=[lambda runner, row: row['epoch'] == 2])"), scope)
    rows = at_point(RUNS, {"lr": 0.3, "dropout": 0, "weight_decay": 0})
    recorded = rows[rows["seed"] == 0].head(2)
    frame = scope["history"].frame()
    assert len(frame) == 2
    np.testing.assert_allclose(frame[list(CURVES)], recorded[list(CURVES)], atol=0.02)


def wait(happened: Any, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "nothing happened"
        time.sleep(0.01)


def test_live_training_runs_the_runner_and_can_be_stopped() -> None:
    widget = RunExplorer(seed=0)
    lengths = []
    widget.observe(lambda change: lengths.append(len(change["new"]["rows"])), "_live")
    widget._train = True
    wait(lambda: len(widget._live.get("rows", [])) >= 2)  # this thread goes on meanwhile
    widget._train = False
    wait(lambda: widget._live["end"])
    rows = widget._live["rows"]
    assert widget._live["end"] == "stopped" and 2 <= len(rows) < 25
    assert lengths == sorted(lengths) and set(lengths) == set(range(len(rows) + 1))
    history = train("torch", 0.3, 0.5, 0.0, 0, callbacks=[lambda runner, row: row["epoch"] == 2])
    np.testing.assert_allclose(rows[:2], history.frame()[list(CURVES)], atol=1e-3)


def test_live_training_that_diverges_says_so_and_ends() -> None:
    frame = RUNS[RUNS["train_loss"].isna()].sort_values("epoch")
    point = {axis: frame.iloc[0][axis] for axis in AXES}
    widget = RunExplorer(**point, seed=int(frame.iloc[0]["seed"]))
    widget._train = True
    wait(lambda: not widget._train)
    assert widget._live["end"] == "not a number"
    widget.close()
