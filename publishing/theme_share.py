"""What other machines read of the site: a picture for links in messages, and a map for search engines."""

import html
from pathlib import Path

import numpy as np
from sphinx.application import Sphinx

CARD = "_static/social-card.png"
CARD_SIZE = (1200, 630)  # pixels, the shape that messengers and forums cut to
SUBTITLE = "In PyTorch and in PaddlePaddle, with figures you can drag"
NOT_FOR_SEARCH = {"search.html", "genindex.html"}


def sitemap(pages: list[str], base: str) -> str:
    """The pages of the site for search engines.

    Parameters
    ----------
    pages : list of str
        Paths below the site's address.
    base : str
        The site's address with a closing slash.

    Returns
    -------
    str
        XML as https://www.sitemaps.org/protocol.html wants it.
    """
    places = "\n".join(f"<url><loc>{html.escape(base + page)}</loc></url>" for page in pages)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{places}\n</urlset>\n'
    )


def draw_card(path: Path, title: str, subtitle: str) -> None:
    """Draw the picture that stands beside a link to the book: a handwritten digit and what two layers make of it.

    Parameters
    ----------
    path : Path
        Of the PNG.
    title, subtitle : str
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from lesson_utils.data.embedded import mnist
    from lesson_utils.palette import INK, MUTED, PAPER

    digit = mnist("train")[0][0, 0]
    edges = np.diff(digit, append=0)  # what the kernel (−1, 1) of the convolution lesson answers
    pooled = np.abs(edges).reshape(14, 2, 14, 2).max(axis=(1, 3))
    figure = Figure(figsize=(CARD_SIZE[0] / 100, CARD_SIZE[1] / 100), dpi=100, facecolor=PAPER)
    figure.text(0.07, 0.8, title, fontsize=56, weight="bold", color=INK, va="center")
    figure.text(0.07, 0.66, subtitle, fontsize=24, color=MUTED, va="center")
    for left, picture, colors, least in (
        (0.05, digit, "gray_r", 0),
        (0.36, edges, "RdBu", -1),
        (0.67, pooled, "gray_r", 0),
    ):
        axes = figure.add_axes((left, 0.07, 0.26, 0.48))
        axes.imshow(picture, cmap=colors, vmin=least, vmax=1)
        axes.set_axis_off()
    FigureCanvasAgg(figure).print_png(path)


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Write both where the site's address is known: links between machines have to be whole ones."""
    if exception or app.builder.format != "html" or not app.config.html_baseurl:
        return
    outdir = Path(app.outdir)
    draw_card(outdir / CARD, app.config.html_title, SUBTITLE)
    found = {path.relative_to(outdir).as_posix() for path in outdir.rglob("*.html")}
    pages = sorted(page for page in found - NOT_FOR_SEARCH if not page.startswith(("_static", "_downloads")))
    (outdir / "sitemap.xml").write_text(sitemap(pages, app.config.html_baseurl), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Run when the pages are written."""
    app.connect("build-finished", finish, priority=900)
