"""The recorded pre-training: complete, made by a command that makes the same, judged by pages it has not seen."""

import json

import numpy as np

from lesson_utils import recorded
from lesson_utils.recorded import CURVES, help_pages, pretraining


def test_every_run_is_there_once():
    runs = recorded.read("pretraining")
    found = list(map(tuple, runs[["rule", "seed"]].drop_duplicates().to_numpy().tolist()))
    assert found == pretraining.POINTS and len(runs) == len(found) * pretraining.EPOCHS
    numbers = [*CURVES, "val_words", "as_mask", "as_other", "as_itself"]
    assert not runs[numbers].isna().any().any() and "pretraining torch" in runs.attrs["command"]
    assert (recorded.FOLDER / "pretraining.json").stat().st_size <= 60_000


def test_held_out_pages_share_no_sentence_of_length_with_training():
    """Short stock phrases recur in any manual; whole paragraphs must not."""
    pages = help_pages.pages()
    learned = {" ".join(s) for i, page in enumerate(pages) if i % 8 for s in page}
    judged = [" ".join(s) for page in pages[::8] for s in page]
    assert np.mean([text in learned for text in judged]) < 0.03
    assert 300 < len(judged) and 1500 < len(learned)


def test_guesses_are_five_for_each_word():
    runs = recorded.read("pretraining")
    sentence = runs.attrs["sentence"].split()
    guesses = json.loads(runs.query("rule == '80/10/10' and seed == 0")["guesses"].iloc[0])
    assert [one["position"] for one in guesses] == list(range(len(sentence)))
    for one in guesses:
        assert len(one["words"]) == len(set(one["words"])) == 5
        assert one["probabilities"] == sorted(one["probabilities"], reverse=True)
        assert 0 < sum(one["probabilities"]) <= 1.001


def test_what_the_lesson_says():
    last = recorded.read("pretraining").query("epoch == epoch.max()").set_index("rule")
    _, _, held = help_pages.corpus()
    words = np.concatenate([sentence for page in held for sentence in page])
    shares = np.bincount(words)[help_pages.MASK + 1 :]
    shares = shares[shares > 0] / shares.sum()
    entropy = -(shares * np.log(shares)).sum()
    assert last.loc["80/10/10", "val_loss"].max() < entropy - 0.3
    assert last.loc["80/10/10", "val_loss"].max() < last.loc[["100 % mask", "all positions"], "val_loss"].min()
    assert last.loc["100 % mask", "as_itself"].min() > last.loc["80/10/10", "as_itself"].max()


def test_the_command_records_what_is_recorded(monkeypatch):
    """The first 25 steps of a run: later ones differ between processors."""
    trainer = pretraining.Trainer("torch", "80/10/10", 0, pretraining.STEPS * pretraining.EPOCHS)
    before, (loss, _) = trainer.examine()[0], trainer.learn(25)
    first = recorded.read("pretraining").query("rule == '80/10/10' and seed == 0").iloc[0]
    assert before > loss > first["train_loss"] and trainer.examine()[0] < before - 0.5
    monkeypatch.setattr(pretraining, "POINTS", [("100 % mask", 1)])
    monkeypatch.setattr(pretraining, "EPOCHS", 1)
    monkeypatch.setattr(pretraining, "STEPS", 2)
    (run,) = json.loads(json.dumps(pretraining.record("torch"), allow_nan=False))
    assert {*CURVES, "val_words", "as_mask", "as_other", "as_itself", "guesses", "rule", "seed"} == set(run)
