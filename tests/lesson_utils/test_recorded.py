"""Recorded runs: complete, readable, and made by a command that makes the same."""

import json

import numpy as np
import pytest

from lesson_utils import recorded
from lesson_utils.recorded import CURVES, regularization


def test_every_point_of_the_grid_is_there_once():
    runs = recorded.read("regularization")
    found = runs.drop_duplicates([*regularization.GRID])[[*regularization.GRID]]
    assert len(found) == np.prod([len(values) for values in regularization.GRID.values()])
    for name, values in regularization.GRID.items():
        assert sorted(runs[name].unique()) == sorted(values)
    assert {"command", "date", "framework", "processor", "right", "data"} <= set(runs.attrs)
    assert runs.attrs["grid"] == {name: list(values) for name, values in regularization.GRID.items()}
    assert (recorded.FOLDER / "regularization.json").stat().st_size <= 150_000


def test_a_run_that_diverged_ends_in_a_row_without_numbers():
    runs = recorded.read("regularization")
    for _, run in runs.groupby([*regularization.GRID]):
        assert run["epoch"].tolist() == list(range(1, len(run) + 1))
        assert not run["train_loss"].iloc[:-1].isna().any()
        assert len(run) == regularization.EPOCHS or run[list(CURVES)].iloc[-1].isna().all()
    diverged = runs[runs["train_loss"].isna()]
    assert len(diverged) and set(diverged["lr"]) == {3.0}


def test_an_unknown_recording_is_named_with_the_nearest():
    with pytest.raises(ValueError, match="no recording 'regularisation'; did you mean 'regularization'"):
        recorded.read("regularisation")


def test_a_damaged_recording_says_how_to_make_it_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "FOLDER", tmp_path)
    for text in ('{"about": {', '{"about": {}, "runs": [{"lr": 1}]}', '{"about": {}, "runs": []}', "[]"):
        (tmp_path / "regularization.json").write_text(text)
        with pytest.raises(RuntimeError, match="python -m lesson_utils.recorded.regularization"):
            recorded.read("regularization")


def test_the_command_records_what_is_recorded(monkeypatch):
    first = {name: values[:1] for name, values in regularization.GRID.items()}
    monkeypatch.setattr(regularization, "GRID", first)
    monkeypatch.setattr(regularization, "EPOCHS", 2)
    (run,) = json.loads(json.dumps(regularization.record("torch"), allow_nan=False))
    rows = recorded.read("regularization").head(2)
    for name in CURVES:
        np.testing.assert_allclose(run[name], rows[name], atol=0.02)


def test_the_digits_are_spoilt_as_said():
    images, labels, val_images, val_labels = regularization.digits()
    right = regularization.mnist("train")[1]
    assert images.shape == (600, 1, 28, 28) and val_images.shape == (1000, 1, 28, 28)
    assert (labels != right[:600]).tolist() == [True] * 120 + [False] * 480
    assert (val_labels == right[600:1600]).all()
