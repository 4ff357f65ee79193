"""Cost of data-parallel training on paper: memory, arithmetic, all-reduce and what is lost to it."""

from __future__ import annotations

import math

import traitlets as t

from ..base import LessonWidget, Real, Whole

# Device numbers of the curves: four to an octave, 1 to 8,192.
DEVICES = sorted({round(2 ** (k / 4)) for k in range(53)})


class ParallelCost(LessonWidget):
    """Time, memory and efficiency of training with Adam on many devices that share the data.

    Parameters
    ----------
    params : float
        Weights of the model, 1e4 to 1e13.
    uses : float
        How often an example uses each weight: 1 in a dense network, hundreds in a convolutional one.
    batch : int
        Examples a device gets in a step, 1 to 65,536.
    devices : int
        1 to 8,192.
    flops : float
        Operations a second that a device reaches, 1e8 to 1e17.
    bandwidth : float
        Bytes a second a device can send to its neighbour in the ring, 1e6 to 1e13.
    latency : float
        Seconds until a message starts to arrive, 0 to 1e-3.
    number_bytes : {2, 4}
        Bytes of a weight and of a gradient.
    overlap : float
        Share of the all-reduce, 0 to 1, that could run during the backward pass.
    examples : float
        Examples of an epoch, 1 to 1e14.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range; the message names it.

    Examples
    --------
    >>> ParallelCost(devices=8, overlap=1).describe()
    '8 devices, 7e+09 weights: 112 GB a device without activations, efficiency 68 %.'
    """

    title = "What do more devices buy?"
    params = Real(7e9, 1e4, 1e13)
    uses = Real(1, 1, 1e4)
    batch = Whole(4096, 1, 65_536)
    devices = Whole(1024, 1, 8192)
    flops = Real(4e14, 1e8, 1e17)
    bandwidth = Real(5e10, 1e6, 1e13)
    latency = Real(1e-5, 0, 1e-3)
    number_bytes = t.Enum((2, 4), 2).tag(sync=True)
    overlap = Real(0, 0, 1)
    examples = Real(1e12, 1, 1e14)

    def describe(self) -> str:
        """Say devices, memory and efficiency."""
        found = cost(**self.public_state())
        return (
            f"{self.devices} devices, {self.params:.3g} weights: {found['memory'] / 1e9:.3g} GB a device "
            f"without activations, efficiency {100 * found['efficiency']:.0f} %."
        )


def cost(
    params: float,
    uses: float,
    batch: float,
    devices: int,
    flops: float,
    bandwidth: float,
    latency: float,
    number_bytes: int,
    overlap: float,
    examples: float,
) -> dict[str, float]:
    """Return bytes and seconds of one step, the efficiency, and the seconds of an epoch.

    A weight takes part in one multiply-add forwards and two backwards, six operations. Adam keeps two
    float32 numbers a weight, and a float32 copy of a weight that has only two bytes. A ring all-reduce
    takes 2 (N - 1) rounds, in each of which every device sends one part of N (Patarasuk and Yuan, 2009).
    Activations and the reading of data are not counted.

    Parameters
    ----------
    params, uses, batch, devices, flops, bandwidth, latency, number_bytes, overlap, examples
        As for `ParallelCost`.

    Returns
    -------
    dict of str to float
        weights, gradients, optimizer, memory in bytes; compute, all_reduce, hidden, step, epoch in
        seconds; steps; efficiency.
    """
    weights = params * number_bytes
    optimizer = params * (12 if number_bytes == 2 else 8)
    compute = 6 * params * uses * batch / flops
    all_reduce = 2 * (devices - 1) * (latency + weights / (devices * bandwidth))
    hidden = min(overlap * all_reduce, compute * 2 / 3)  # only the backward pass has gradients to send
    step = compute + all_reduce - hidden
    steps = math.ceil(examples / (devices * batch))
    return {
        "weights": weights, "gradients": weights, "optimizer": optimizer, "memory": 2 * weights + optimizer,
        "compute": compute, "all_reduce": all_reduce, "hidden": hidden, "step": step,
        "efficiency": compute / step, "steps": steps, "epoch": steps * step,
    }  # fmt: skip


def curves(settings: dict[str, float]) -> dict[str, list[float | None]]:
    """Return the efficiency for every number of `DEVICES`.

    Parameters
    ----------
    settings : dict
        As for `cost`.

    Returns
    -------
    dict of str to list
        ``each``: every device keeps its batch. ``total``: the batch of all devices together stays, and is
        divided among more; None where less than one example is left for a device.
    """
    together = settings["batch"] * settings["devices"]

    def efficiency(devices: int, batch: float) -> float:
        return cost(**{**settings, "devices": devices, "batch": batch})["efficiency"]  # type: ignore[arg-type]

    return {
        "each": [efficiency(n, settings["batch"]) for n in DEVICES],
        "total": [efficiency(n, together / n) if n <= together else None for n in DEVICES],
    }
