"""Maths rendered while the book is built: KaTeX in one node process, no script on the page."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

LOGGER = logging.getLogger(__name__)
ASSETS = Path(__file__).parent.parent / "assets"
KATEX = ASSETS / "node_modules" / "katex" / "dist"


class Renderer:
    """A node process that answers each line of JSON with one; started by the first formula."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def render(self, formula: str, display: bool) -> str:
        """HTML of a formula.

        Raises
        ------
        ValueError
            If KaTeX does not understand the formula; the message says where.
        """
        if self._process is None:
            self._process = _start()
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"formula": formula, "display": display}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "node ended early"}')
        if "error" in answer:
            raise ValueError(answer["error"])
        return str(answer["html"])

    def close(self) -> None:
        """End the process, if one was started."""
        if self._process is not None and self._process.stdin:
            self._process.stdin.close()
            self._process.wait()
            self._process = None


def _start() -> subprocess.Popen[str]:
    if shutil.which("node") is None or not KATEX.is_dir():
        raise ExtensionError("maths needs Node and KaTeX: install Node 18 or later, then `npm ci --prefix assets`")
    command = ["node", str(ASSETS / "katex.cjs")]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")


def _html(translator: Any, node: nodes.Element, display: bool) -> str:
    try:
        return translator.builder.app.katex.render(node.astext(), display)
    except ValueError as error:
        LOGGER.warning("%s in %r", error, node.astext(), location=node, type="katex")
        return f"<code>{translator.encode(node.astext())}</code>"


def visit_math(translator: Any, node: nodes.Element) -> None:
    """Write a formula in a line of text."""
    translator.body.append(translator.starttag(node, "span", "", CLASS="math"))
    # A word joiner keeps a comma or full stop after the formula on the formula's line.
    after = node.next_node(descend=False, siblings=True, ascend=False)
    joiner = "\N{WORD JOINER}" if isinstance(after, nodes.Text) and after[:1] in ",.;:!?)" else ""
    translator.body.append(_html(translator, node, display=False) + "</span>" + joiner)
    raise nodes.SkipNode


def visit_displaymath(translator: Any, node: nodes.Element) -> None:
    """Write a formula on a line of its own, with its number if it has one."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(_html(translator, node, display=True))
    if node["number"]:
        translator.body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>")
    raise nodes.SkipNode


def copy_katex(app: Sphinx, exception: Exception | None) -> None:
    """Put KaTeX's style sheet and its WOFF2 fonts beside the pages; every browser in use reads WOFF2."""
    app.katex.close()  # type: ignore[attr-defined]
    if exception or app.builder.format != "html":
        return
    target = Path(app.outdir, "_static", "katex")
    (target / "fonts").mkdir(parents=True, exist_ok=True)
    for font in KATEX.glob("fonts/*.woff2"):
        shutil.copyfile(font, target / "fonts" / font.name)
    style = (KATEX / "katex.min.css").read_text()
    style = re.sub(r',url\([^)]*\) format\("(?:woff|truetype)"\)', "", style)
    (target / "katex.css").write_text(style)


def setup(app: Sphinx) -> None:
    """Register the renderer under the name that _config.yml uses."""
    app.katex = Renderer()  # type: ignore[attr-defined]
    app.add_html_math_renderer("katex", (visit_math, None), (visit_displaymath, None))
    app.connect("build-finished", copy_katex)
