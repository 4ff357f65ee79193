"""The recordings of training/digits-lab: complete, and made by functions that make the same."""

import json
from functools import cache

import numpy as np
import pytest

from lesson_utils import recorded
from lesson_utils.recorded import CURVES, digits_lab, recipe

whole = cache(recipe.mnist)  # unpacking them takes longer than training on a few


def few(monkeypatch, module, count=160):
    """Let a module see the first digits only."""
    monkeypatch.setattr(module, "mnist", lambda split: tuple(array[:count] for array in whole(split)))


def test_every_row_was_run_with_every_seed():
    runs = recorded.read("digits_lab")
    found = runs.groupby(["row", "seed"])["epoch"].max()
    wanted = {
        (row, seed): {**digits_lab.ORIGINAL, **changes}["epochs"]
        for row, (changes, *_) in digits_lab.ROWS.items()
        for seed in digits_lab.SEEDS
    }
    assert found.to_dict() == wanted
    assert {"command", "date", "framework", "processor", "data", "model"} <= set(runs.attrs)
    assert (recorded.FOLDER / "digits_lab.json").stat().st_size <= 60_000
    assert not runs[list(CURVES)].isna().any().any()


def test_changes_name_settings_that_exist():
    for changes, *_ in digits_lab.ROWS.values():
        assert set(changes) <= set(digits_lab.ORIGINAL)


def test_a_frozen_run_says_one_digit_and_keeps_the_loss_worked_out_by_hand():
    runs = recorded.read("digits_lab")
    frozen = runs[(runs["row"] == "white is 255, softmax") & (runs["epoch"] == 5)]
    np.testing.assert_allclose(frozen["train_loss"], np.log(np.e + 9) - 0.1, atol=2e-3)
    np.testing.assert_allclose(frozen["val_accuracy"], 0.1, atol=0.01)
    assert set(frozen["said"]) == {1}


def test_a_row_is_repeated_as_recorded():
    (changes, *_), seed = digits_lab.ROWS["original"], 0
    history, _, seconds = digits_lab.train("torch", seed, **changes, epochs=1)
    runs = recorded.read("digits_lab")
    row = runs[(runs["row"] == "original") & (runs["seed"] == seed) & (runs["epoch"] == 1)].iloc[0]
    for name in CURVES:  # another processor rounds otherwise
        assert abs(history[name][0] - row[name]) < 0.06, name
    assert seconds > 0


@pytest.mark.parametrize("framework", ["torch", "paddle"])
@pytest.mark.parametrize("row", ["SGD", "Momentum", "AdaGrad", "10, 0.001, third convolution", "white is 255, softmax"])
def test_rows_run_in_both_frameworks(monkeypatch, framework, row):
    few(monkeypatch, digits_lab)
    changes = digits_lab.ROWS[row][0]
    monkeypatch.setitem(digits_lab.ROWS, row, ({**changes, "epochs": 1}, None, None))
    run = json.loads(json.dumps(digits_lab.measure(framework, row, seed=0), allow_nan=False))
    assert all(len(run[name]) == 1 for name in CURVES) and 1 <= run["said"] <= 10


def test_a_third_convolution_softmax_and_dropout_are_where_they_belong():
    kinds = [type(layer).__name__ for layer in digits_lab.network("torch", True, True, 0.5)]
    assert kinds == ["Conv2d", "ReLU", "MaxPool2d"] * 3 + ["Flatten", "Dropout", "Linear", "Softmax"]


def test_the_recipe_was_judged_by_each_digit_once():
    runs = recorded.read("recipe")
    ends = runs.groupby(["variant", "fold"]).last()
    labels = recipe.mnist("all")[1]
    folds = recipe.folds()
    assert sorted(np.concatenate([judge for _, judge in folds])) == list(range(len(labels)))
    assert {variant: len(ends.loc[variant]) for variant in recipe.VARIANTS} == {
        variant: count for variant, (_, count) in recipe.VARIANTS.items()
    }
    for (_, fold), run in ends.iterrows():
        alone = {int(place) for place in run["wrong_alone"].split()}
        assert {int(place) for place in run["wrong"].split()} <= set(folds[fold][1])
        assert len(alone) == round(1000 * (1 - run["val_accuracy"]))
    assert (recorded.FOLDER / "recipe.json").stat().st_size <= 60_000


@pytest.mark.parametrize("framework", ["torch", "paddle"])
@pytest.mark.parametrize("variant", ["recipe", "none of them"])
def test_variants_of_the_recipe_run_in_both_frameworks(monkeypatch, framework, variant):
    few(monkeypatch, recipe, 300)
    run = json.loads(json.dumps(recipe.measure(framework, variant, fold=0, epochs=1), allow_nan=False))
    assert all(len(run[name]) == 1 for name in CURVES)
    judged = set(recipe.folds()[0][1].tolist())
    assert {int(place) for place in (run["wrong"] + " " + run["wrong_alone"]).split()} <= judged


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_the_answer_is_the_mean_over_nine_copies(framework):
    class Certain:
        """Certain of 1 where the middle is inked, and of 0 by less elsewhere."""

        def predict(self, images):
            inked = images[:, 0, 14, 14] > 0
            return np.where(inked[:, None], [0.0, 4.0], [0.5, 0.0]).astype(np.float32)

    dot = np.zeros((1, 1, 28, 28), np.float32)
    dot[0, 0, 14, 14] = 1
    assert recipe.answers(Certain(), dot, reach=0).tolist() == [1]
    assert recipe.answers(Certain(), dot).tolist() == [0]
    still = np.random.default_rng(0).random((3, 1, 28, 28), np.float32)
    moved = recipe.distortion(framework, 0)(_tensor(framework, still))
    assert tuple(moved.shape) == still.shape and abs(moved.numpy() - still).max() > 0.1


def _tensor(framework, array):
    import paddle
    import torch

    return torch.from_numpy(array) if framework == "torch" else paddle.to_tensor(array)


def test_both_frameworks_distort_alike():
    still = np.random.default_rng(1).random((4, 1, 28, 28), np.float32)
    pair = [recipe.distortion(name, 5)(_tensor(name, still)).numpy() for name in ("torch", "paddle")]
    np.testing.assert_allclose(*pair, atol=1e-4)
