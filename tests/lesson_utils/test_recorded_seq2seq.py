"""The recorded speakers of numbers: complete, true to the command, and saying what the lesson says."""

import numpy as np
import pytest

from lesson_utils import recorded
from lesson_utils.recorded import CURVES, seq2seq
from lesson_utils.recorded.seq2seq import EPOCHS, GRID, greedy, network, tables, whole

SETTINGS = ["between", "backwards", "counted", "seed"]


def test_every_run_is_there_once():
    runs = recorded.read("seq2seq")
    assert runs.drop_duplicates(SETTINGS)[SETTINGS].to_dict("records") == GRID
    assert len(runs) == len(GRID) * EPOCHS and not runs[[*CURVES, "exact", "exact_6"]].isna().any().any()
    assert {"command", "date", "framework", "processor", "data", "model", "settings"} <= set(runs.attrs)
    assert (recorded.FOLDER / "seq2seq.json").stat().st_size <= 60_000


def test_the_narrower_the_bridge_the_fewer_numbers_are_right():
    ends = recorded.read("seq2seq").query("epoch == @EPOCHS and not backwards and not counted")
    middle = ends.groupby("between")["exact"].median()
    assert middle.is_monotonic_increasing and middle[2] < 0.3 < 0.8 < middle[64]


def test_the_command_records_what_is_recorded():
    """The first pass of one run: later ones differ between processors."""
    run = seq2seq.train("torch", GRID[-1], epochs=1)
    row = recorded.read("seq2seq").query("counted").iloc[0]
    assert run["train_loss"][0] == pytest.approx(row["train_loss"], abs=0.05)
    assert run["val_accuracy"][0] == pytest.approx(row["val_accuracy"], abs=0.05)


def test_sources_are_filled_in_front_and_can_be_turned_round():
    _, _, (sources, targets, _, _) = tables(False)
    _, _, (turned, same, _, _) = tables(True)
    assert np.array_equal(targets, same)
    for row, other in zip(sources[:50], turned[:50], strict=True):
        assert row[-1] != 0 and other[-1] != 0
        assert row[row != 0].tolist() == other[other != 0][::-1].tolist()


def test_a_row_is_right_up_to_its_end():
    targets = np.array([[1, 5, 6, 2, 0], [1, 5, 2, 0, 0]])
    assert whole(np.array([[5, 6, 2, 9], [5, 2, 7, 7]]), targets).tolist() == [True, True]
    assert whole(np.array([[5, 6, 6, 2], [5, 6, 2, 7]]), targets).tolist() == [False, False]


@pytest.mark.parametrize("framework", ["torch", "paddle"])
@pytest.mark.parametrize("between", [4, 64])
def test_greedy_goes_on_from_its_own_words(framework, between):
    library = pytest.importorskip(framework)
    tensor = library.tensor if framework == "torch" else library.to_tensor
    model, sources = network(framework, 9, 12, between), np.random.default_rng(0).integers(3, 9, (5, 4))
    written = greedy(framework, model, sources)
    seen = np.concatenate([np.ones((5, 1), int), written[:, :-1]], axis=1)
    with library.no_grad():
        again = model(tensor(sources), tensor(seen)).numpy().argmax(-1)
    assert np.array_equal(written, again)
