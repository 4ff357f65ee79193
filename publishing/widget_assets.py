"""What a displayed widget becomes on a static page: an element, a script and a style sheet."""

import hashlib
import html
import json
from dataclasses import dataclass
from functools import cache

from publishing.lesson import ROOT

EXPORT = "export default {"


@dataclass(frozen=True)
class WidgetFiles:
    """The front end of one widget class, addressed by its content so that browsers may cache it for ever."""

    key: str  # "convolution-1a2b3c4d"
    script: str
    style: str


@cache
def widget_files(name: str) -> WidgetFiles:
    """Script and style of a widget of ``lesson_utils.widgets``.

    Parameters
    ----------
    name : str
        Name of the widget's folder, for example ``"convolution"``.

    Returns
    -------
    WidgetFiles
    """
    from lesson_utils.widgets.base import front_end  # imports ipywidgets, which a build without widgets can spare

    folder = ROOT / "lesson_utils" / "widgets" / name
    esm, css = front_end(folder, "helpers.js", "widget.js"), front_end(folder, "base.css", "widget.css")
    key = f"{name}-{hashlib.sha256((esm + css).encode()).hexdigest()[:8]}"
    return WidgetFiles(key, classic_script(esm, key), css)


def classic_script(esm: str, key: str) -> str:
    """Rewrite a widget's module as a script that registers itself.

    Module scripts cannot be loaded from ``file://`` and modules made of text need ``blob:`` in the content
    security policy; a plain script works everywhere.

    Parameters
    ----------
    esm : str
        A module with exactly one export, ``export default {…}``, as its last statement.
    key : str
        Name under which the static host finds it.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the module imports something or has another number of exports.
    """
    lines = esm.splitlines()
    exports = [line for line in lines if line.startswith("export")]
    if len(exports) != 1 or not exports[0].startswith(EXPORT):
        raise ValueError(f"{key}: a widget's script needs exactly one export, `{EXPORT} render }}`, not {exports}")
    if any(line.startswith("import") for line in lines):
        raise ValueError(f"{key}: a widget's script must not import anything")
    body = esm.replace(EXPORT, f'(globalThis.lessonWidgets ??= {{}})["{key}"] = {{', 1)
    return f"(() => {{\n{body}\n}})();\n"


def widget_element(name: str, state: dict, label: str) -> str:
    """The element that the static host fills.

    Parameters
    ----------
    name : str
        Name of the widget's folder.
    state : dict
        Public traits as they were when the notebook displayed the widget.
    label : str
        What the widget shows, read by screen readers and printed where no script runs.

    Returns
    -------
    str
        HTML.
    """
    text = html.escape(json.dumps(state, ensure_ascii=False, sort_keys=True))
    return (
        f'<div class="lesson-widget" data-widget="{widget_files(name).key}" data-state="{text}" '
        f'role="group" aria-label="{html.escape(label)}"><p>{html.escape(label)}</p></div>'
    )
