"""The recorded runs of the small BERT: complete, and made by a command that makes the same."""

import json

import numpy as np
import pytest

from lesson_utils import recorded
from lesson_utils.recorded import CURVES, long_texts
from lesson_utils.recorded import bert_fine_tuning as bert

SETTINGS = ["method", "layout", "way", "seed"]


def test_every_point_is_there_once():
    runs = recorded.read("bert_fine_tuning")
    assert not runs.duplicated([*SETTINGS, "epoch"]).any() and not runs[list(CURVES)].isna().any().any()
    last = runs.groupby(SETTINGS)["epoch"].max()
    assert set(last.index) == {tuple(point[name] for name in SETTINGS) for point in bert.points()}
    for (method, *_), epochs in last.items():
        assert epochs == (bert.EPOCHS if method == "tuned" else 1)
    assert "bert_fine_tuning torch" in runs.attrs["command"]
    assert (recorded.FOLDER / "bert_fine_tuning.json").stat().st_size <= 60_000


def test_pages_are_as_described():
    texts, labels = long_texts.pages()
    assert np.bincount(labels).tolist() == [long_texts.PAGES] * len(long_texts.CLASSES)
    words = [" ".join(text).lower() for text in texts]
    assert len(set(words)) == len(words) and not any("scipy" in text.split() for text in words)
    assert not any(f"{name}.{letter}" in text for text in words for name in ("signal", "stats") for letter in "ab")
    assert all(sum(map(len, long_texts.pieces(text))) > long_texts.LONG for text in texts[::12])
    for seed in range(3):
        train, judge = bert.split(labels, seed)
        assert sorted([*train, *judge]) == list(range(len(labels)))
        assert set(np.bincount(labels[train])) == {long_texts.PAGES // 2}


@pytest.mark.parametrize("way", long_texts.WAYS)
def test_every_way_keeps_to_the_budget(way):
    texts, _ = long_texts.pages()
    for text in texts[::24]:
        inputs = long_texts.shorten(text, way)
        assert all(part[0] == 101 and part[-1] == 102 for part in inputs)
        sizes = {"pooling": [32] * 4, "everything": [128] * len(inputs)}.get(way, [128])
        assert [len(part) for part in inputs] == sizes
        back = long_texts.rotated(text, 3)
        assert sorted(back) == sorted(text)


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_the_encoder_gives_the_vectors_of_transformers(framework):
    import torch
    from transformers import BertModel

    ids = np.array([[101, 2023, 2003, 1037, 7953, 102], [101, 1996, 11307, 1997, 1037, 102]])
    model = BertModel.from_pretrained(str(long_texts.minilm("all"))).eval()
    with torch.no_grad():
        expected = model(torch.tensor(ids), attention_mask=torch.ones(2, 6)).last_hidden_state.mean(1).numpy()
    found = bert.encoder(framework)(bert.tensor_of(framework, ids))
    from importlib import import_module

    to_numpy = import_module(f"lesson_utils.{framework}").to_numpy
    np.testing.assert_allclose(to_numpy(found), expected, atol=1e-5)


def test_the_command_records_what_is_recorded(monkeypatch):
    some = [p for p in bert.points() if p["method"] == "bag of words" and p["way"] in ("head", "compressing")][::5]
    monkeypatch.setattr(bert, "points", lambda: some)
    table = recorded.read("bert_fine_tuning").set_index(SETTINGS).sort_index()
    runs = json.loads(json.dumps(bert.record("torch"), allow_nan=False))
    assert len(runs) == 4
    for run in runs:
        rows = table.loc[tuple(run[name] for name in SETTINGS)]
        for name in CURVES:
            np.testing.assert_allclose(run[name], rows[name], atol=0.06, err_msg=f"{run['way']} {name}")


def test_tuning_changes_what_it_should(monkeypatch):
    texts, labels = long_texts.pages()
    half = np.arange(0, len(labels), 12)
    monkeypatch.setattr(bert, "split", lambda labels, seed: (half[:8:2], half[8:10]))
    curves = bert.tuned("torch", "head", 0, epochs=2)
    assert set(curves) == set(CURVES) and all(len(values) == 2 for values in curves.values())
    assert curves["train_loss"][0] == pytest.approx(np.log(len(long_texts.CLASSES)), abs=1e-3)  # the head is 0
    assert curves["train_loss"][1] < curves["train_loss"][0]
