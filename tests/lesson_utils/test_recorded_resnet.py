"""The recorded residual and plain networks: complete, true to the command, and saying what the lesson says."""

import numpy as np
import pytest

from lesson_utils import recorded
from lesson_utils.recorded import CURVES, resnet

SETTINGS = [*resnet.GRID]


def test_every_point_of_both_grids_is_there_once():
    runs = recorded.read("resnet")
    found = runs.drop_duplicates(SETTINGS)
    count = sum(np.prod([len(values) for values in grid.values()]) for grid in (resnet.GRID, resnet.GENTLY))
    assert len(found) == count and len(runs) == count * resnet.EPOCHS
    assert {"command", "date", "framework", "processor", "data", "model", "optimizer"} <= set(runs.attrs)
    assert runs.attrs["grid"] == {name: list(values) for name, values in resnet.GRID.items()}
    assert not runs[[*CURVES, "seconds"]].isna().any().any()
    assert (recorded.FOLDER / "resnet.json").stat().st_size <= 60_000


def test_plain_networks_degrade_and_shortcuts_do_not():
    runs = recorded.read("resnet").query("epoch == @resnet.EPOCHS")
    loss = runs.groupby(["lr", "depth", "shortcut"])["train_loss"].agg(["min", "max"])
    assert loss.loc[(0.1, 32, False), "min"] > loss.loc[(0.1, 20, False), "max"] > loss.loc[(0.1, 8, False), "max"]
    assert loss.loc[(0.1, 32, True), "max"] < loss.loc[(0.1, 8, True), "min"]
    assert loss.loc[(0.03, 32, False), "min"] > 5 * loss.loc[(0.03, 32, True), "max"]


def test_the_command_records_what_is_recorded(monkeypatch):
    """The first two epochs of one run: later ones differ between processors."""
    stop = [lambda runner, row: row["epoch"] == 2]
    history = resnet.train("torch", resnet.network("torch", 8, True), lr=0.1, seed=0, callbacks=stop)
    rows = recorded.read("resnet").query("depth == 8 and shortcut and lr == 0.1 and seed == 0").head(2)
    np.testing.assert_allclose(history["train_loss"], rows["train_loss"], atol=0.05)
    monkeypatch.setattr(resnet, "EPOCHS", 1)
    assert set(resnet.one("torch", 8, False, 0.1, 0)) == {"seconds", *CURVES}


@pytest.mark.parametrize("shortcut", [False, True])
def test_both_frameworks_begin_with_the_same_network(shortcut):
    images = resnet.digits()[0][:8]
    logits = []
    for framework, to_tensor in (("torch", "tensor"), ("paddle", "to_tensor")):
        ours, library = pytest.importorskip(f"lesson_utils.{framework}"), pytest.importorskip(framework)
        model = resnet.network(framework, 14, shortcut)
        resnet.start(framework, model, seed=0)
        logits.append(ours.to_numpy(model(getattr(library, to_tensor)(images))))
    np.testing.assert_allclose(*logits, atol=1e-3)


def test_depth_counts_layers_with_weights():
    for depth in resnet.GRID["depth"]:
        for shortcut in (False, True):
            model = resnet.network("torch", depth, shortcut)
            weights = [p for p in model.parameters() if p.ndim > 1 and p.shape[2:] != (1, 1)]
            assert len(weights) == depth
    assert resnet.digits()[0].shape == (1000, 1, 14, 14) and resnet.digits()[2].shape == (500, 1, 14, 14)
