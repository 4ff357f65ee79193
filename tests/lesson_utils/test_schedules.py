"""Schedules against the ones of the frameworks."""

import pytest
import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, OneCycleLR
from transformers import get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

from lesson_utils import schedules


def rates(make, steps, lr=2.0):
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("steps", [10, 37, 400])
def test_one_cycle(steps):
    ours = rates(lambda optimizer: LambdaLR(optimizer, schedules.one_cycle(steps)), steps)
    theirs = rates(lambda optimizer: OneCycleLR(optimizer, 2.0, steps, cycle_momentum=False), steps - 1)
    assert ours[:-1] == pytest.approx(theirs, rel=1e-6)
    assert ours[-1] == pytest.approx(8e-6) and schedules.one_cycle(steps)(steps + 50) == pytest.approx(4e-6)


@pytest.mark.parametrize("warmup", [0, 0.1])
@pytest.mark.parametrize("name", ["cosine", "linear"])
def test_rise_and_fall(name, warmup):
    theirs = {"cosine": get_cosine_schedule_with_warmup, "linear": get_linear_schedule_with_warmup}[name]
    ours = rates(lambda optimizer: LambdaLR(optimizer, getattr(schedules, name)(200, warmup)), 201)
    assert ours == pytest.approx(rates(lambda o: theirs(o, round(200 * warmup), 200), 201), abs=1e-9)


def test_cosine_as_in_torch():
    ours = rates(lambda optimizer: LambdaLR(optimizer, schedules.cosine(50, end=0.1)), 50)
    assert ours == pytest.approx(rates(lambda o: CosineAnnealingLR(o, 50, 0.2), 50), rel=1e-6)


def test_paddle_takes_them_as_well():
    from paddle.optimizer.lr import LambdaDecay

    factor = schedules.one_cycle(20)
    decay = LambdaDecay(2.0, factor)
    for step in range(20):
        assert decay() == pytest.approx(2.0 * factor(step))
        decay.step()


@pytest.mark.parametrize("arguments", [(1,), (10, 1.0), (10, -0.1)])
def test_nonsense_is_refused(arguments):
    for schedule in (schedules.one_cycle, schedules.cosine, schedules.linear):
        with pytest.raises(ValueError, match="steps is .* and warmup"):
            schedule(*arguments)
