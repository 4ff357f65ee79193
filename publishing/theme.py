"""What turns sphinx-book-theme into the look of this book.

The stock theme puts 850 kB of scripts, fonts and styles on every page. Here a page gets its own few files
(assets/site), prerendered maths (theme_maths), and nothing inline, so that a strict Content-Security-Policy
holds (theme_finish). What depends on where the book is built (links to the repository, the address of the
site) is found out here too.
"""

import os
import re
import subprocess
import textwrap
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from publishing import theme_finish, theme_glossary, theme_maths, theme_share

# The files a page loads, in this order; whatever else the extensions ask for is dropped.
STYLES = ["_static/book.css"]
SCRIPTS = ["_static/site.js"]
# Asked for early, since a formula that changes its font changes its width and moves the text after it.
FONTS = "katex/fonts/KaTeX_Main-Regular.woff2 katex/fonts/KaTeX_Math-Italic.woff2"
SEARCH_SCRIPTS = [
    "_static/documentation_options.js", "_static/doctools.js", "_static/sphinx_highlight.js",
    "_static/searchtools.js", "_static/language_data.js", "searchindex.js",
]  # fmt: skip

# The only page that no text was written for.
SEARCH_DESCRIPTION = "Search the lessons of the book: words of the text and of the code, and Chinese terms too."


def repository_url(root: Path) -> str | None:
    """Web address of the repository this book is built from, or None where there is no telling.

    GitHub Actions says it in GITHUB_REPOSITORY; elsewhere the git remote does. Only forges whose links the
    book can form (GitHub, GitLab) count.
    """
    name = os.environ.get("GITHUB_REPOSITORY")
    if name:
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}"
    command = ["git", "-C", str(root), "remote", "get-url", "origin"]
    try:
        remote = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:  # a downloaded archive on a machine without git
        return None
    found = re.search(r"(github\.com|gitlab\.com)[/:]([\w.-]+/[\w.-]+?)(\.git)?/?$", remote)
    return f"https://{found[1]}/{found[2]}" if found else None


def base_url() -> str:
    """Address the site is published at with a closing slash, or an empty string where it is not known."""
    url = os.environ.get("BOOK_BASE_URL", "")
    return url.rstrip("/") + "/" if url else ""


def configure(app: Sphinx, config: Config) -> None:
    """Fill in what the machine decides; runs before any other extension looks at the configuration."""
    config.html_baseurl = base_url()
    config.html_context["repository"] = repository_url(Path(app.confdir))


def page_context(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Give each page its description and exactly the files that it needs."""
    maths = app.env.get_domain("math").has_equations(pagename)  # type: ignore[attr-defined]
    body = context.get("body") or ""
    context["page_styles"] = STYLES + ["_static/katex/katex.css"] * maths
    context["page_fonts"] = FONTS if maths else ""
    context["page_scripts"] = (
        SCRIPTS + ["_static/widget-host.js"] * ("lesson-widget" in body) + SEARCH_SCRIPTS * (pagename == "search")
    )
    context["description"] = description(doctree) if doctree else SEARCH_DESCRIPTION
    context["card"] = app.config.html_baseurl + theme_share.CARD if app.config.html_baseurl else ""


def description(doctree: nodes.document) -> str:
    """The first paragraph of prose, cut at a word: what a search engine shows under the title."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if isinstance(paragraph.parent, nodes.section) and len(text) > 40:
            return textwrap.shorten(text, 155, placeholder=" …")
    return ""


def always_something(app: Sphinx, *_: Any) -> list[str]:
    """Have the front page written anew: Sphinx copies style sheets and scripts only if it writes some page."""
    return [app.config.root_doc]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything that shapes the pages."""
    app.connect("config-inited", configure, priority=1)
    # Jupyter Book sets this for sphinx-comments, which the book does not load.
    app.add_config_value("comments_config", {}, "")
    app.connect("env-get-outdated", always_something)
    app.connect("html-page-context", page_context, priority=900)
    for part in (theme_maths, theme_glossary, theme_share, theme_finish):
        part.setup(app)
    # One node process renders the maths of a build, so pages are written by one process.
    return {"parallel_read_safe": True, "parallel_write_safe": False}
