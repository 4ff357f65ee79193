"""The recorded readers of reviews: complete, true to the command, and saying what the lesson says."""

import numpy as np
import pytest

from lesson_utils import recorded
from lesson_utils.recorded import CURVES, sentiment

SETTINGS = ["kind", "split", "size", "seed"]


def last_epoch():
    runs = recorded.read("sentiment").query("epoch == @sentiment.EPOCHS").copy()
    counts = runs[[name for name, _, _ in sentiment.COUNTS]]
    return runs.assign(right=(runs["tn"] + runs["tp"]) / counts.sum(axis=1), tested=counts.sum(axis=1))


def test_every_point_is_there_once():
    runs = recorded.read("sentiment")
    assert len(runs) == len(sentiment.POINTS) * len(sentiment.SEEDS) * sentiment.EPOCHS
    assert not runs.duplicated([*SETTINGS, "epoch"]).any() and not runs[list(CURVES)].isna().any().any()
    assert set(map(tuple, runs[["kind", "split", "size"]].to_numpy())) == set(sentiment.POINTS)
    assert {"command", "date", "framework", "processor", "data", "model", "optimizer"} <= set(runs.attrs)
    assert (recorded.FOLDER / "sentiment.json").stat().st_size <= 60_000


def test_no_text_is_on_both_sides_and_none_is_marked_twice():
    parts = sentiment.parts("texts")
    keys = [{sentiment.letters(text) for text in texts} for texts, _ in parts]
    assert [len(part) for part in keys] == [sentiment.FULL, 1000, 3464] == [len(labels) for _, labels in parts]
    assert not keys[0] & keys[1] and not keys[0] & keys[2] and not keys[1] & keys[2]
    lines = sentiment.parts("lines")
    assert sum(len(texts) for texts, _ in lines) == 35_123
    known = set(lines[0][0])
    assert np.mean([text in known for text in lines[2][0]]) > 0.7  # here they are


def test_texts_missed_by_all_are_short_and_marked_as_in_the_data():
    *missed, total = recorded.read("sentiment").attrs["missed"]
    texts, labels = sentiment.parts("texts")[2]
    mark = dict(zip(texts, labels.tolist(), strict=True))
    assert len(missed) >= 10 and 0 < total["all"] < total["of"] == len(texts)
    assert all(mark[miss["text"]] == miss["label"] and len(miss["text"]) <= sentiment.LENGTH for miss in missed)


def test_what_the_lesson_says_of_the_runs():
    runs = last_epoch()
    full = runs.query("split == 'texts' and size == @sentiment.FULL").groupby("kind")["right"].agg(["min", "max"])
    leak = runs.query("split == 'lines'")["right"]
    assert leak.min() > full["max"].max() + 0.05
    told = runs.set_index("kind")["told"]
    assert (told["mean"] == 0).all(), "an average cannot tell pairs with the same characters apart"
    assert (runs.query("split == 'texts'")["tested"] == 3464).all()


def test_pairs_have_the_same_characters():
    for praise, blame in sentiment.SAME_CHARACTERS:
        assert sorted(praise) == sorted(blame) and praise != blame and len(praise) <= sentiment.LENGTH


@pytest.mark.parametrize("kind", ["mean", "attention"])
def test_the_command_records_what_is_recorded(kind):
    """The first epoch of one run: later ones differ between processors."""
    runner, _ = sentiment.train("torch", kind, "texts", sentiment.SMALL, seed=0, epochs=1)
    row = recorded.read("sentiment").query("kind == @kind and size == @sentiment.SMALL and seed == 0").iloc[0]
    np.testing.assert_allclose(runner.history["train_loss"][0], row["train_loss"], atol=0.02)
    np.testing.assert_allclose(runner.history["val_accuracy"][0], row["val_accuracy"], atol=0.05)


@pytest.mark.parametrize("kind", sentiment.RATES)
def test_both_frameworks_begin_with_the_same_model(kind):
    texts = sentiment.parts("texts")[1][0][:8]
    index = sentiment.alphabet(texts)
    logits = []
    for framework, to_tensor in (("torch", "tensor"), ("paddle", "to_tensor")):
        ours, library = pytest.importorskip(f"lesson_utils.{framework}"), pytest.importorskip(framework)
        model = sentiment.build(framework, kind, len(index) + 2)
        sentiment.start(framework, model, seed=0)
        logits.append(ours.to_numpy(model(getattr(library, to_tensor)(sentiment.encode(texts, index)))))
    np.testing.assert_allclose(*logits, atol=1e-5)
