"""The recorded translators: complete, true to the command, and saying what the lesson says."""

import numpy as np
import pytest

from lesson_utils import recorded
from lesson_utils.metrics import bleu
from lesson_utils.recorded import CURVES, transformer
from lesson_utils.recorded.transformer import STRETCHES
from lesson_utils.recorded.translations import Vocabulary, in_words, texts


def test_every_run_is_there_once():
    runs = recorded.read("transformer")
    found = runs.drop_duplicates(["task", "seed"])[["task", "seed"]].to_numpy().tolist()
    assert found == [[task, seed] for task, seeds in transformer.SEEDS.items() for seed in seeds]
    assert len(runs) == len(found) * STRETCHES and not runs[[*CURVES, "exact", "bleu"]].isna().any().any()
    assert {"command", "date", "framework", "processor", "data", "model", "settings"} <= set(runs.attrs)
    assert runs.attrs["settings"] == transformer.SETTINGS
    assert (recorded.FOLDER / "transformer.json").stat().st_size <= 60_000


def test_the_recorded_translations_have_the_recorded_scores():
    ends = recorded.read("transformer").query("epoch == @STRETCHES and seed == 0").set_index("task")
    for task, run in ends.iterrows():
        wanted = ["".join(target) for target in texts(task)[3]]
        answers = run["answers"].split("\n")
        assert len(answers) == len(wanted)
        assert np.mean(np.array(answers) == wanted) == pytest.approx(run["exact"], abs=1e-4)
        assert bleu(answers, wanted) == pytest.approx(run["bleu"], abs=1e-4)


def test_the_command_records_what_is_recorded():
    """The first fifth of one run: later ones differ between processors."""
    run = transformer.train("torch", "interface", 0, stretches=1)
    row = recorded.read("transformer").query("task == 'interface' and seed == 0").iloc[0]
    assert run["train_loss"][0] == pytest.approx(row["train_loss"], abs=0.1)
    assert run["val_loss"][0] == pytest.approx(row["val_loss"], abs=0.15)


def test_numbers_are_said_as_english_says_them():
    said = {
        0: "zero", 13: "thirteen", 40: "forty", 99: "ninety nine", 100: "one hundred",
        307: "three hundred and seven", 7_000: "seven thousand", 70_019: "seventy thousand and nineteen",
        285_352: "two hundred and eighty five thousand three hundred and fifty two",
    }  # fmt: skip
    assert {n: in_words(n) for n in said} == said
    every = [in_words(n) for n in range(0, 1_000_000, 97)]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("task", transformer.SEEDS)
def test_no_source_of_the_test_is_in_training(task):
    sources, targets, test_sources, test_targets = texts(task)
    assert len(sources) == len(targets) and len(test_sources) == len(test_targets) > 400
    assert not {tuple(source) for source in sources} & {tuple(source) for source in test_sources}


def test_a_vocabulary_gives_back_what_it_was_given():
    sentences = [list("307"), list("12")]
    table = Vocabulary(sentences).rows(sentences, True)
    assert table.shape == (2, 5) and [Vocabulary(sentences).text(row[1:].tolist()) for row in table] == ["307", "12"]
    assert Vocabulary(sentences, least=2).rows(sentences, False).tolist() == [[3, 3, 3], [3, 3, 0]]


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_the_model_neither_looks_ahead_nor_at_padding(framework):
    library = pytest.importorskip(framework)
    tensor = library.tensor if framework == "torch" else library.to_tensor
    model = transformer.network(framework, 9, 9, 2, 16, 0.0)
    sources, written = np.array([[3, 4, 5, 0]]), np.array([[1, 5, 6]])
    longer, other = np.array([[3, 4, 5, 0, 0, 0]]), np.array([[1, 5, 8]])
    with library.no_grad():
        plain, filled, later = (
            model(tensor(s), tensor(w)).numpy() for s, w in [(sources, written), (longer, written), (sources, other)]
        )
    np.testing.assert_allclose(plain, filled, atol=1e-5)
    np.testing.assert_allclose(plain[:, :2], later[:, :2], atol=1e-5)
    assert abs(plain - later)[:, 2].max() > 1e-3
