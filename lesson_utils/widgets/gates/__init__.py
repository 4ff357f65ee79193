"""Gates: an LSTM cell over time, beside a plain recurrent network."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets as t

from ..base import LessonWidget, Numbers, Real, Whole

_SEQUENCE = [[1, 1], [0, -1], [0, -1], [0, 1], [0, -1], [0, -1]]
_SEQUENCE += [[0, 1], [0, -1], [1, -1], [0, 1], [0, 1], [0, 1]]
# Trained (900 updates of Adam) to show the value that was last written, scaled.
_LSTM = [
    [5.29, 0.18, 0.19, -5.17],
    [-6.53, 0.13, 0.29, 4.87],
    [0.22, 1.06, -0.77, -0.38],
    [-0.73, 0.01, 0.07, 3.77],
]
_RNN = [[-0.02, 0.34, 0.91, 0]]


class Gates(LessonWidget):
    """Gates, cell and output of a trained LSTM, and how much of its first state is left.

    Parameters
    ----------
    sequence : array_like, shape (T, I)
        2 to 24 steps of 1 to 4 inputs.
    lstm : array_like, shape (4 H, I + H + 1)
        Weights for 1 to 4 units: rows in the order i, f, g, o; columns input, h, bias. From torch:
        ``cat([weight_ih, weight_hh, (bias_ih + bias_hh)[:, None]], 1)``.
    rnn : array_like, shape (H, I + H + 1)
        Weights of the plain network in the same layout.
    names : list of str
        Names of the inputs.
    step, unit : int
        What is looked at.
    force : {"none", "input", "forget", "output"}
        Gate held at ``level`` at every step.
    level : float
        0 to 1.
    seed : int
        Number of the random sequence that "New numbers" draws.

    Raises
    ------
    traitlets.TraitError
        If a setting is out of range or the shapes differ; the message names it.

    Examples
    --------
    >>> Gates().describe()
    'An LSTM with 1 unit over 12 steps beside a plain RNN; step 5.'
    """

    title = "What the gates of an LSTM do"
    sequence = Numbers("step input", ((2, 24), (1, 4)), -9, 9, _SEQUENCE)
    lstm = Numbers("row column", ((4, 16), (3, 9)), default=_LSTM)
    rnn = Numbers("row column", ((1, 4), (3, 9)), default=_RNN)
    names = t.List(t.Unicode(), ["write?", "value"], maxlen=4).tag(sync=True)
    step = Whole(5, 0, 23)
    unit = Whole(0, 0, 3)
    force = t.Enum(("none", "input", "forget", "output"), "none").tag(sync=True)
    level = Real(1, 0, 1)
    seed = Whole(0, 0, 999)

    @t.validate("sequence", "lstm", "rnn", "step", "unit")
    def _shapes_agree(self, proposal: Any) -> Any:
        name, new = proposal["trait"].name, proposal["value"]
        have = {key: getattr(self, key) for key in ("sequence", "lstm", "rnn", "step", "unit")}
        have[name] = new
        units, inputs = len(have["rnn"]), len(have["sequence"][0])
        shapes = {key: np.shape(have[key]) for key in ("sequence", "lstm", "rnn")}
        columns = inputs + units + 1
        if shapes["lstm"] != (4 * units, columns) or shapes["rnn"] != (units, columns):
            raise t.TraitError(f"'{name}' does not fit: {shapes}")
        if have["step"] >= len(have["sequence"]) or have["unit"] >= units:
            raise t.TraitError(f"'{name}': step {have['step']} or unit {have['unit']} is not there")
        return new

    def describe(self) -> str:
        """Say the sizes and the step."""
        units = len(self.rnn)
        return (
            f"An LSTM with {units} unit{'s' if units > 1 else ''} over {len(self.sequence)} steps "
            f"beside a plain RNN; step {self.step}."
        )


def run_lstm(
    sequence: np.ndarray,
    weights: np.ndarray,
    force: str = "none",
    level: float = 1.0,
    nudge: np.ndarray | float = 0.0,
) -> dict[str, np.ndarray]:
    """Return i, f, g, o, c, h of every step, each (T, H); ``nudge`` is added to the first c."""
    units = len(weights) // 4
    h = np.zeros(units)
    c = np.zeros(units)
    rows: dict[str, list[np.ndarray]] = {name: [] for name in "ifgoch"}
    for x in sequence:
        sums = (weights @ np.concatenate([x, h, [1]])).reshape(4, units)
        gates = {name: 1 / (1 + np.exp(-sums["ifgo".index(name)])) for name in "ifo"}
        if force != "none":
            gates[force[0]] = np.full(units, level)
        g = np.tanh(sums[2])
        c = gates["f"] * c + gates["i"] * g + (0 if rows["c"] else nudge)
        h = gates["o"] * np.tanh(c)
        for name, value in {**gates, "g": g, "c": c, "h": h}.items():
            rows[name].append(value)
    return {name: np.array(values) for name, values in rows.items()}


def run_rnn(sequence: np.ndarray, weights: np.ndarray, nudge: np.ndarray | float = 0.0) -> np.ndarray:
    """Return h of every step (T, H) of h = tanh(W [x, h, 1]); ``nudge`` is added to the first."""
    h = np.zeros(len(weights))
    rows: list[np.ndarray] = []
    for x in sequence:
        h = np.tanh(weights @ np.concatenate([x, h, [1]])) + (0 if rows else nudge)
        rows.append(h)
    return np.array(rows)
