"""Interactive figures: ipywidgets in JupyterLab and Colab, alive without a kernel on the site."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# The entry of an executed notebook that the static page is made from.
MIME = "application/x-lesson-widget+json"

if TYPE_CHECKING:
    from .attention import Attention as Attention
    from .augmentation import Augmentation as Augmentation
    from .boxes import Boxes as Boxes
    from .broadcasting import Broadcasting as Broadcasting
    from .confusion import Confusion as Confusion
    from .convolution import Convolution as Convolution
    from .decision_boundary import DecisionBoundary as DecisionBoundary
    from .digit_pad import DigitPad as DigitPad
    from .gates import Gates as Gates
    from .masking import Masking as Masking
    from .next_token import NextToken as NextToken
    from .optimizer_race import OptimizerRace as OptimizerRace
    from .parallel_cost import ParallelCost as ParallelCost
    from .polynomial import Polynomial as Polynomial
    from .positions import Positions as Positions
    from .receptive_field import ReceptiveField as ReceptiveField
    from .run_explorer import RunExplorer as RunExplorer
    from .softmax import Softmax as Softmax

# Class -> folder. Loaded on first use, so that importing lesson_utils stays cheap.
_FOLDERS = {
    "Attention": "attention",
    "Augmentation": "augmentation",
    "Boxes": "boxes",
    "Broadcasting": "broadcasting",
    "Confusion": "confusion",
    "Convolution": "convolution",
    "DecisionBoundary": "decision_boundary",
    "DigitPad": "digit_pad",
    "Gates": "gates",
    "Masking": "masking",
    "NextToken": "next_token",
    "OptimizerRace": "optimizer_race",
    "ParallelCost": "parallel_cost",
    "Polynomial": "polynomial",
    "Positions": "positions",
    "ReceptiveField": "receptive_field",
    "RunExplorer": "run_explorer",
    "Softmax": "softmax",
}

__all__ = sorted(_FOLDERS)


def __getattr__(name: str) -> Any:
    if name not in _FOLDERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FOLDERS[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_FOLDERS]
