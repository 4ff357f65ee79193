"""What every recording needs: short numbers, where and when they were made, and the file they end in."""

import json
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib import import_module
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from lesson_utils.history import History
from lesson_utils.recorded import CURVES, FOLDER

PACKAGES = {"torch": "torch", "paddle": "paddlepaddle"}


def short(value: float) -> float | None:
    """Round a number for the file.

    Parameters
    ----------
    value : float

    Returns
    -------
    float or None
        Four digits after the point, four digits in all from 1,000 on; None for NaN and infinity, for
        which JSON has no word.
    """
    if not np.isfinite(value):
        return None
    return round(float(value), 4) if value < 1000 else float(f"{value:.4g}")


def curves(history: History) -> dict[str, list[float | None]]:
    """Take the curves of a run that a recording keeps.

    Parameters
    ----------
    history : History
        With all columns of ``CURVES``.

    Returns
    -------
    dict
        Column to values, one an epoch.
    """
    return {name: [short(value) for value in history[name]] for name in CURVES}


def grid_points(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Give every combination of the values of a grid.

    Parameters
    ----------
    grid : dict
        Setting to its values.

    Returns
    -------
    list of dict
        Setting to value, the last setting changing fastest.
    """
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def halved(images: np.ndarray) -> np.ndarray:
    """Make pictures half as high and wide.

    Parameters
    ----------
    images : ndarray
        (N, C, H, W), H and W even.

    Returns
    -------
    ndarray
        (N, C, H/2, W/2): the mean of each 2 by 2 block.
    """
    n, c, height, width = images.shape
    return images.reshape(n, c, height // 2, 2, width // 2, 2).mean(axis=(3, 5))


def tensor_maker(framework: str) -> Callable[[Any], Any]:
    """Give the function that makes a tensor of an array.

    Parameters
    ----------
    framework : {"torch", "paddle"}

    Returns
    -------
    callable
        Copies its argument and keeps its type.
    """
    return getattr(import_module(framework), {"torch": "tensor", "paddle": "to_tensor"}[framework])


def set_weight(framework: str, weight: Any, values: np.ndarray) -> None:
    """Overwrite a weight with an array of its shape, in float32."""
    values = values.astype(np.float32)
    if framework == "torch":
        weight.data.copy_(import_module("torch").from_numpy(values))
    else:
        weight.set_value(values)


def optimizer_for(
    framework: str, kind: str, model: Any, lr: float, factor: Callable[[int], float] | None = None, **options: Any
) -> tuple[Any, Any]:
    """Give an optimizer under one name in both frameworks, and its schedule.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    kind : str
        ``"SGD"``, ``"Momentum"`` (0.9), ``"AdaGrad"``, ``"Adam"`` or ``"AdamW"``.
    model : torch.nn.Module or paddle.nn.Layer
    lr : float
        Learning rate.
    factor : callable, optional
        Step to what the rate is multiplied by.
    **options
        Of the framework's class.

    Returns
    -------
    optimizer : torch.optim.Optimizer or paddle.optimizer.Optimizer
    scheduler : LRScheduler or None
        For `Runner`.
    """
    if kind == "AdaGrad":  # the small number in its fraction is 1e-6 in Paddle unless told
        kind, options = "Adagrad", {"eps" if framework == "torch" else "epsilon": 1e-10, **options}
    if framework == "torch":
        optim = import_module("torch.optim")
        if kind == "Momentum":  # no class of its own
            kind, options = "SGD", {"momentum": 0.9, **options}
        optimizer = getattr(optim, kind)(model.parameters(), lr=lr, **options)
        return optimizer, optim.lr_scheduler.LambdaLR(optimizer, factor) if factor else None
    optim = import_module("paddle.optimizer")
    scheduler = optim.lr.LambdaDecay(lr, factor) if factor else None
    return getattr(optim, kind)(scheduler or lr, parameters=model.parameters(), **options), scheduler


def quiet_runner(
    framework: str,
    model: Any,
    optimizer: Any,
    scheduler: Any = None,
    loss_fn: Callable[[Any, Any], Any] | None = None,
    metric: Callable[[Any, Any], Any] | None = None,
    clip_norm: float | None = None,
    **loss: Any,
) -> Any:
    """Give a Runner for recordings: on the CPU, in float32, without a bar.

    A bar for each run would hide what is printed, and in a thread it would land in another cell.

    Parameters
    ----------
    framework : {"torch", "paddle"}
    model, optimizer, scheduler, loss_fn, metric, clip_norm
        As for `Runner`; the metric is accuracy unless given.
    **loss
        Options of ``CrossEntropyLoss``, which is the loss unless one is given.

    Returns
    -------
    Runner
    """
    ours = import_module(f"lesson_utils.{framework}")
    loss_fn = loss_fn or import_module(f"{framework}.nn").CrossEntropyLoss(**loss)
    quiet = type("QuietRunner", (ours.Runner,), {"writes": False})
    settings = {"device": "cpu", "precision": "float32", "scheduler": scheduler, "clip_norm": clip_norm}
    return quiet(model, optimizer, loss_fn, metric or ours.accuracy, **settings)


def run_all(points: Sequence[dict[str, Any]], one: Callable[[dict[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
    """Train every point and say on stderr how far it is.

    Parameters
    ----------
    points : sequence of dict
        Settings of the runs.
    one : callable
        Trains one point; its answer (curves and whatever else was measured) is recorded with the settings.

    Returns
    -------
    list of dict
        Settings and answer of each run.
    """
    start, runs = time.perf_counter(), []
    for i, point in enumerate(points, 1):
        runs.append({**point, **one(point)})
        print(f"{i} of {len(points)}: {point}, {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return runs


def write(name: str, record: Callable[[str], list[dict[str, Any]]], **facts: Any) -> None:
    """Record in the framework that the command line names, and write ``<name>.json`` beside this module.

    Parameters
    ----------
    name : str
        Of the module that records.
    record : callable
        Framework to runs.
    **facts
        What a reader has to know about the runs: data, model, optimizer and the like.
    """
    if len(sys.argv) != 2 or sys.argv[1] not in PACKAGES:
        sys.exit(f"say which framework: python -m lesson_utils.recorded.{name} torch|paddle")
    framework = sys.argv[1]
    if framework == "torch":
        import_module("torch").set_num_threads(1)  # small products: a second thread only gets in the way
    start = time.perf_counter()
    runs = record(framework)
    recording = {"about": {**_about(name, framework, time.perf_counter() - start), **facts}, "runs": runs}
    rows = ",\n".join(json.dumps(run, separators=(",", ":"), allow_nan=False) for run in runs)
    about = json.dumps(recording["about"], allow_nan=False)
    path = FOLDER / f"{name}.json"
    path.write_text(f'{{"about": {about},\n"runs": [\n{rows}\n]}}\n', "utf-8")
    print(f"{len(runs)} runs, {path.stat().st_size / 1000:.0f} kB in {path}")


def _about(name: str, framework: str, seconds: float) -> dict[str, Any]:
    package = PACKAGES[framework]
    return {
        "command": f"python -m lesson_utils.recorded.{name} {framework}",
        "date": date.today().isoformat(),
        "framework": f"{package} {version(package)}",
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "processor": _processor(),
        "minutes": round(seconds / 60, 1),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
