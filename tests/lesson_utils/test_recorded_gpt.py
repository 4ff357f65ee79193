"""The recorded character models: complete, true to the command, and saying what the lesson says."""

import numpy as np
import pytest

from lesson_utils import recorded
from lesson_utils.recorded import CURVES, gpt


def test_every_run_is_there_once():
    runs = recorded.read("gpt")
    assert runs.drop_duplicates(["kind", "seed"])["kind"].tolist() == list(gpt.SETTINGS)
    assert not runs[[*CURVES, "work"]].isna().any().any()
    for kind, run in runs.groupby("kind"):
        how = gpt.SETTINGS[kind]
        assert run["epoch"].tolist() == list(range(1, how["stretches"] + 1))
        assert set(run["work"]) == {how["steps"] * how["batch"] * how["context"] * gpt.multiplications(kind)}
    assert {"command", "date", "framework", "processor", "data", "model", "settings"} <= set(runs.attrs)
    assert runs.attrs["settings"] == gpt.SETTINGS


def test_the_larger_two_end_in_a_draw_and_gpt_falls_last():
    runs = recorded.read("gpt")
    runs["done"] = runs["work"] * runs["epoch"]
    ends = runs.groupby("kind").last()["val_loss"]
    assert abs(ends["gpt"] - ends["rnn 256"]) < 0.02 and ends["rnn 128"] > ends["gpt"] + 0.1
    early = runs.query("done < 4e10").groupby("kind").last()["val_loss"]
    assert early["gpt"] > max(early["rnn 128"], early["rnn 256"]) + 0.3


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_no_prediction_sees_what_comes_and_the_count_is_that_of_the_weights(framework):
    library = pytest.importorskip(framework)
    tensor = library.tensor if framework == "torch" else library.to_tensor
    ids = np.random.default_rng(0).integers(0, 56, (1, 32))
    other = ids.copy()
    other[0, 20] = (ids[0, 20] + 1) % 56
    for kind, how in gpt.SETTINGS.items():
        model = gpt.network(framework, kind)
        with library.no_grad():
            moved = abs((model(tensor(ids))[0] - model(tensor(other))[0]).numpy())[0].max(-1)
        assert moved[:20].max() < 1e-6 < moved[20]
        matrices = [tuple(p.shape) for p in model.parameters() if len(p.shape) == 2]
        unused = how["context"] * how["width"] if kind == "gpt" else 56 * gpt.EMBEDDED  # looked up only
        attention = gpt.LAYERS * 2 * how["width"] * how["context"] if kind == "gpt" else 0
        assert sum(a * b for a, b in matrices) - unused + attention == gpt.multiplications(kind)


def test_pieces_of_the_recurrent_network_read_on():
    ids = gpt.characters()[1]
    fresh, windows = zip(*gpt.pieces("rnn 128", 147, 0), strict=True)
    assert np.flatnonzero(fresh).tolist() == [0, 146]
    assert (windows[0][:, 1:] == ids[np.arange(32)[:, None] * 146 * 32 + np.arange(1, 33)]).all()
    assert (windows[1][:, 0] == windows[0][:, -1]).all() and (windows[146] == windows[0]).all()


def test_the_command_records_what_is_recorded():
    """The first stretch of one run: later ones differ between processors."""
    run = gpt.train("torch", "rnn 128", stretches=1)
    row = recorded.read("gpt").query("kind == 'rnn 128'").iloc[0]
    assert run["train_loss"][0] == pytest.approx(row["train_loss"], abs=0.05)
    assert run["val_loss"][0] == pytest.approx(row["val_loss"], abs=0.05)
