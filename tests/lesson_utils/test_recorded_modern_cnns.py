"""The recorded networks: complete, of the sizes they claim, and made by a command that makes the same."""

import importlib
import json

import numpy as np
import pytest

from lesson_utils import recorded
from lesson_utils.recorded import CURVES, modern_cnns
from lesson_utils.recorded.modern_cnns import NETWORKS, build, conv, inception

PARAMETERS = {"LeNet": 61_750, "AlexNet": 100_762, "VGG": 136_346, "NiN": 11_530, "GoogLeNet": 14_908}


def test_every_run_is_there_once():
    runs = recorded.read("modern_cnns")
    assert runs.attrs["grid"] == {name: list(values) for name, values in modern_cnns.GRID.items()}
    assert set(modern_cnns.GRID["network"]) == set(NETWORKS)
    groups = runs.groupby([*modern_cnns.GRID])
    assert len(groups) == np.prod([len(values) for values in modern_cnns.GRID.values()])
    for _, run in groups:
        assert run["epoch"].tolist() == list(range(1, modern_cnns.EPOCHS + 1))
        assert not run[list(CURVES)].isna().any(axis=None) and (run["seconds"] > 0).all()
    assert (recorded.FOLDER / "modern_cnns.json").stat().st_size <= 60_000


@pytest.mark.parametrize("name", NETWORKS)
def test_both_frameworks_build_the_same_network(name):
    outputs = []
    for framework in ("torch", "paddle"):
        whole, ours = importlib.import_module(framework), importlib.import_module(f"lesson_utils.{framework}")
        model = build(framework, NETWORKS[name])
        layers = model.modules() if framework == "torch" else model.sublayers()
        for i, layer in enumerate(one for one in layers if type(one).__name__ in ("Conv2d", "Conv2D", "Linear")):
            ours.fill_weights(layer, i)
        model.eval()
        learning = [p for p in model.parameters() if not getattr(p, "stop_gradient", False)]
        assert sum(int(np.prod(p.shape)) for p in learning) == PARAMETERS[name]
        images = np.random.default_rng(0).random((2, 1, 28, 28), dtype=np.float32)
        outputs.append(ours.to_numpy(model(whole.to_tensor(images) if framework == "paddle" else whole.tensor(images))))
    assert outputs[0].shape == (2, 10)
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-4, atol=1e-6)


def test_branches_see_one_input_and_stand_behind_one_another():
    torch = importlib.import_module("torch")
    model = build("torch", [inception(2, (3, 4), (5, 6), 7)], channels=3, size=9).eval()
    images = torch.rand(1, 3, 9, 9)
    together = model(images)
    assert together.shape == (1, 2 + 4 + 6 + 7, 9, 9)
    torch.testing.assert_close(together[:, :2], model[0][0](images))
    torch.testing.assert_close(together[:, -7:], model[0][3](images))
    assert build("torch", [conv(8, 3, s=2, p=1, groups=4)], channels=4, size=9)(torch.rand(2, 4, 9, 9)).shape == (
        2,
        8,
        5,
        5,
    )


def test_the_command_records_what_is_recorded(monkeypatch):
    monkeypatch.setattr(modern_cnns, "GRID", {"network": ("LeNet",), "seed": (0,)})
    (run,) = json.loads(json.dumps(modern_cnns.record("torch"), allow_nan=False))
    rows = recorded.read("modern_cnns").query("network == 'LeNet' and seed == 0")
    for name in CURVES:
        np.testing.assert_allclose(run[name][-1], rows[name].iloc[-1], atol=0.1)
    assert run["val_accuracy"][-1] > 0.9
