"""The recorded transfer runs: complete, and made by a command that makes the same."""

import json

import numpy as np

from lesson_utils import recorded
from lesson_utils.recorded import CURVES, fine_tuning

SETTINGS = ["source", "way", "labels", "seed"]


def test_every_point_is_there_once():
    runs = recorded.read("fine_tuning")
    assert len(runs) == len(fine_tuning.WAYS) * len(fine_tuning.LABELS) * len(fine_tuning.SEEDS) * fine_tuning.EPOCHS
    assert not runs.duplicated([*SETTINGS, "epoch"]).any() and not runs[list(CURVES)].isna().any().any()
    assert set(map(tuple, runs[["source", "way"]].to_numpy())) == set(fine_tuning.WAYS)
    assert sorted(runs["labels"].unique()) == sorted(fine_tuning.LABELS)
    assert sorted(runs["seed"].unique()) == sorted(fine_tuning.SEEDS)
    assert runs.attrs["minutes"] <= 30 and "fine_tuning torch" in runs.attrs["command"]
    assert (recorded.FOLDER / "fine_tuning.json").stat().st_size <= 60_000


def test_sources_and_target_are_as_described():
    for name, classes in [("scans", 10), ("textures", 8)]:
        images, labels = fine_tuning.source(name)
        assert images.shape[1:] == (1, 14, 14) and images.dtype == np.float32 and len(images) == len(labels)
        assert 0 <= images.min() and images.max() <= 1.0001 and sorted(np.unique(labels)) == list(range(classes))
    (images, labels), (others, answers) = fine_tuning.target()
    assert images.shape == (4000, 1, 14, 14) and others.shape == (1000, 1, 14, 14)
    assert len(labels) == 4000 and np.bincount(answers).tolist() == [100] * 10


def test_the_command_records_what_is_recorded(monkeypatch):
    monkeypatch.setattr(fine_tuning, "WAYS", (("none", "scratch"), ("textures", "frozen")))
    monkeypatch.setattr(fine_tuning, "LABELS", (3,))
    monkeypatch.setattr(fine_tuning, "SEEDS", (0,))
    monkeypatch.setattr(fine_tuning, "EPOCHS", 2)
    table = recorded.read("fine_tuning").set_index(SETTINGS).sort_index()
    for run in json.loads(json.dumps(fine_tuning.record("torch"), allow_nan=False)):
        rows = table.loc[tuple(run[name] for name in SETTINGS)].head(2)
        for name in CURVES:
            np.testing.assert_allclose(run[name], rows[name], atol=0.05, err_msg=f"{run['way']} {name}")


def test_a_frozen_body_does_not_move():
    import torch

    from lesson_utils.torch import fill_weights

    (images, labels), judge = fine_tuning.target()
    for rate, still in [(0.0, True), (0.0003, False)]:
        model = fine_tuning.build("torch", 10)
        fill_weights(model, 0)
        before = [p.detach().clone() for p in model.parameters()]
        fine_tuning.fit("torch", model, (rate, 0.003), ((images[:64], labels[:64]), judge), 1)
        same = [torch.equal(p, old) for p, old in zip(model.parameters(), before, strict=True)]
        assert same == [still] * 6 + [False] * 2
