"""What the notes "PyTorch ↔ Paddle" of the chapter start claim."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version

import paddle
import pytest
import torch
from packaging.requirements import Requirement

from publishing.lesson import ROOT, SOURCES

NOTES = {  # lesson -> how many of its notes are tested here
    "start/how-to-read": 1,
    "start/check-setup": 1,
}


def test_the_median_of_an_even_count():
    numbers = [1.0, 2.0, 3.0, 4.0]
    assert torch.tensor(numbers).median() == 2 and paddle.to_tensor(numbers).median() == 2.5
    assert paddle.to_tensor(numbers).median(mode="min") == 2
    assert torch.tensor(numbers).quantile(0.5) == 2.5


def test_builds_and_where_a_new_tensor_is_made():
    assert version("torch").split("+")[0] == torch.__version__.split("+")[0]
    assert torch.version.cuda is None or torch.version.cuda[0].isdigit()
    with pytest.raises(PackageNotFoundError):  # one of the two Paddle packages, never both
        version("paddlepaddle" if paddle.device.is_compiled_with_cuda() else "paddlepaddle-gpu")
    assert torch.zeros(1).device.type == "cpu"
    before = paddle.get_device()
    try:
        paddle.set_device("cpu")
        assert paddle.zeros([1]).place.is_cpu_place()
    finally:
        paddle.set_device(before)


def test_the_versions_that_the_lesson_asks_for_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    least = {}
    for requirement in map(Requirement, [*project["dependencies"], *sum(extras, [])]):
        for specifier in requirement.specifier:
            if specifier.operator == ">=":
                least[requirement.name] = specifier.version
    least["paddlepaddle-gpu"] = least["paddlepaddle"]
    text = (SOURCES / "start" / "check-setup.md").read_text("utf-8").replace("paddle_name", "paddlepaddle")
    asked = re.findall(r'^package\("?([\w-]+)"?, "([\d.]+)"\)', text, re.M)
    assert len(asked) >= 8
    for name, version_asked in asked:
        assert name == "no-such-package" or least[name] == version_asked
