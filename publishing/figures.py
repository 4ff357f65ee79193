"""Figures as they stand on the page: inline, in the colours of the page."""

import hashlib
import html
import re

from lesson_utils.palette import COLORS, GRID, INK, MUTED, PAPER

VARIABLES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", PAPER: "--paper"} | {
    color: f"--c{index}" for index, color in enumerate(COLORS)
}


def figure_element(svg: str, alt: str) -> str:
    """An inline SVG that follows the light and the dark page.

    Parameters
    ----------
    svg : str
        From `lesson_utils.plots.show`.
    alt : str
        Its alternative text.

    Returns
    -------
    str
        HTML. Colours of the lessons' style become classes of the site's style sheet, and ids get a prefix, since
        several figures stand in one document.
    """
    prefix = f"f{hashlib.sha256(svg.encode()).hexdigest()[:6]}-"
    svg = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{prefix}", svg)
    svg = re.sub(r'\b(fill|stroke)="(#[0-9a-f]{6})"', _themed, svg)
    svg = re.sub(r'(width|height)="([\d.]+)pt"', _in_pixels, svg, count=2)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(alt)}" ', 1)
    return f'<figure class="lesson-figure">\n{svg}\n</figure>'


def _in_pixels(found: re.Match) -> str:
    return f'{found[1]}="{float(found[2]) * 4 / 3:.0f}"'  # 96 pixels and 72 points are an inch


def _themed(found: re.Match) -> str:
    attribute, color = found.groups()
    return f'{attribute}="var({VARIABLES[color]})"' if color in VARIABLES else found[0]
