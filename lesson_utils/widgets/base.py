"""What every widget has in common: its files, its checks and its words.

A widget is one folder with ``__init__.py``, ``widget.js`` and ``widget.css``. All computing is in
``widget.js``; Python keeps the settings and holds the same formulas as plain functions, so that
tests can compare the two. The JavaScript imports nothing: the shared helpers go in front of it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import numpy as np
import traitlets as t

from . import MIME

_SHARED = Path(__file__).parent / "shared"


class Whole(t.Int):
    """A synchronised whole number with limits; numpy integers are welcome, booleans are not."""

    def __init__(self, default: int, low: int, high: int) -> None:
        super().__init__(default, min=low, max=high)
        self.tag(sync=True)

    def validate(self, obj: Any, value: Any) -> int:
        """Return a plain int, or raise a TraitError that names the field."""
        if isinstance(value, (bool, np.bool_)):
            self.error(obj, value)
        return super().validate(obj, int(value) if isinstance(value, np.integer) else value)


class Real(t.Float):
    """A synchronised finite number with limits."""

    def __init__(self, default: float, low: float, high: float) -> None:
        super().__init__(default, min=low, max=high)
        self.tag(sync=True)

    def validate(self, obj: Any, value: Any) -> float:
        """Return a plain float, or raise a TraitError that names the field."""
        if isinstance(value, (bool, np.bool_)):
            self.error(obj, value)
        if isinstance(value, (int, np.integer, np.floating)):
            value = float(min(max(value, -sys.maxsize), sys.maxsize))
        if isinstance(value, float) and not np.isfinite(value):
            raise t.TraitError(f"'{self.name}' must be a finite number, not {value}")
        return super().validate(obj, value)


class Numbers(t.TraitType[Any, Any]):
    """A synchronised array of finite numbers as nested lists, or None where that is allowed.

    Parameters
    ----------
    axes : str
        Names of the axes, as in ``"channel row column"``; their number is the number of dimensions.
    shape : tuple of (int, int)
        Smallest and largest length of each axis.
    low, high : float
        Limits of the numbers.
    default : list or None
        What an absent value means; None leaves the choice to the widget.
    """

    def __init__(
        self,
        axes: str,
        shape: tuple[tuple[int, int], ...],
        low: float = -99.0,
        high: float = 99.0,
        default: list[Any] | None = None,
    ) -> None:
        self.axes, self.shape, self.low, self.high = axes.split(), shape, low, high
        super().__init__(default_value=default, allow_none=default is None)
        self.tag(sync=True)

    def validate(self, obj: Any, value: Any) -> list[Any]:
        """Return nested lists of numbers, or raise a TraitError that names the field."""
        if not isinstance(value, (list, tuple, np.ndarray)):
            self._fail(f"needs nested lists or an array, not {type(value).__name__}")
        try:
            array = np.asarray(value, dtype=float)
        except (TypeError, ValueError, OverflowError):
            self._fail("has rows of different lengths or entries that are no numbers")
        if array.ndim != len(self.axes):
            self._fail(f"needs the axes ({', '.join(self.axes)}), not the shape {array.shape}")
        for axis, length, (low, high) in zip(self.axes, array.shape, self.shape, strict=True):
            if not low <= length <= high:
                self._fail(f"needs {low} to {high} along the axis '{axis}', not {length}")
        if not np.isfinite(array).all() or (array < self.low).any() or (array > self.high).any():
            self._fail(f"needs finite numbers from {self.low:g} to {self.high:g}")
        # 3.0 travels as 3: shorter on the page, and the code line a reader copies looks natural.
        return _plain(array.tolist())

    def _fail(self, why: str) -> None:
        raise t.TraitError(f"'{self.name}' {why}")


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return int(value) if float(value).is_integer() else value


class LessonWidget(anywidget.AnyWidget):
    """Base of all widgets: reads the folder's front end and refuses settings it does not know.

    Subclasses set ``title``, declare their settings with :class:`Whole`, :class:`Real`,
    :class:`Numbers`, or a tagged traitlet, and write :meth:`describe`.
    """

    title: ClassVar[str] = ""
    _folder: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Read the front end that lies beside the class."""
        # ipywidgets derives a class of its own for every instance; only ours state a title.
        if "title" in cls.__dict__:
            folder = Path(sys.modules[cls.__module__].__file__ or "").parent
            cls._folder = folder.name
            cls._esm = front_end(folder, "helpers.js", "widget.js")
            cls._css = front_end(folder, "base.css", "widget.css")
        super().__init_subclass__(**kwargs)

    def __init__(self, **settings: Any) -> None:
        known = self.setting_names()
        for name in settings:
            if name not in known:
                raise TypeError(f"{type(self).__name__} has no setting '{name}'; it has {known}")
        super().__init__(**settings)

    @classmethod
    def setting_names(cls) -> list[str]:
        """List the settings: synchronised traits, neither private nor ipywidgets' own."""
        inherited = set(anywidget.AnyWidget.class_trait_names())
        names = cls.class_trait_names(sync=True)
        return [name for name in names if name not in inherited and not name.startswith("_")]

    def public_state(self) -> dict[str, Any]:
        """Return the settings as the JSON object that the static page gives to the front end."""
        return {name: getattr(self, name) for name in self.setting_names()}

    def describe(self) -> str:
        """Say in words what the widget shows; stands where no JavaScript runs and in ``repr``."""
        return self.title

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        # The static page is made from this entry of the executed notebook, not from the live
        # model's saved state: no random ids, and the widget is as it was when the cell ran.
        data, *metadata = super()._repr_mimebundle_(**kwargs) or ({},)
        entry = {"name": self._folder, "label": self.describe(), "state": self.public_state()}
        return ({**data, MIME: entry}, *metadata)

    def __repr__(self) -> str:
        """Return the description."""
        # No memory address: a notebook executed twice must come out the same.
        return self.describe()


def front_end(folder: Path, shared: str, own: str) -> str:
    """Return a shared file and a widget's own file as one text."""
    texts = [(_SHARED / shared).read_text("utf-8"), (folder / own).read_text("utf-8")]
    return "\n".join(texts)
