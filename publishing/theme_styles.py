"""One style sheet for the whole site, made of what the pages really use.

The theme and the extensions bring 430 kB of rules, most of them for things that no page here contains. After
the pages are written, the rules whose classes appear nowhere are left out and the rest is put into one file,
book.css, in a layer below the book's own rules.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import tinycss2
from tinycss2 import ast

# Inputs in the order of the cascade, as patterns below _static.
SHEETS = [
    "styles/pydata-sphinx-theme.css",
    "styles/sphinx-book-theme.css",
    "sphinx-design.min.css",
    "mystnb*.css",
    "pygments.css",
]
# Brought by the theme and the extensions, and of no use to a page once book.css is written.
LEFTOVERS = [
    "*.css.map", "*-macros.html", "basic.css", "design-tabs.js", "exercise.css", "file.png", "images", "locales",
    "minus.png", "mystnb*.css", "plus.png", "pygments.css", "scripts", "sphinx-design.min.css",
    "styles", "vendor",
]  # fmt: skip


def names_in_use(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """Class names and ids of the pages, and every word of the scripts, which may set a class later."""
    names: set[str] = set()
    for page in pages:
        for value in re.findall(r'\s(?:class|id)="([^"]*)"', page):
            names.update(value.split())
    for script in scripts:
        names.update(re.findall(r"[\w-]+", script))
    return names


def prune(css: str, names: set[str]) -> str:
    """The rules of a style sheet that can apply to a page with these class names and ids."""
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return "\n".join(_kept(rules, names))


def _kept(rules: Iterable[ast.Node], names: set[str]) -> Iterator[str]:
    for rule in rules:
        if isinstance(rule, ast.QualifiedRule):
            selectors = [part for part in _selectors(rule.prelude) if _may_match(part, names)]
            body = tinycss2.serialize(rule.content).strip()
            if selectors and body:
                yield f"{','.join(selectors)}{{{body}}}"
        elif isinstance(rule, ast.AtRule):
            yield from _kept_at(rule, names)


def _kept_at(rule: ast.AtRule, names: set[str]) -> Iterator[str]:
    prelude = tinycss2.serialize(rule.prelude)
    if rule.content is None:
        if rule.lower_at_keyword not in ("charset", "import"):
            yield f"@{rule.at_keyword}{prelude};"
    elif rule.lower_at_keyword in ("media", "supports"):
        inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        kept = "\n".join(_kept(inner, names))
        if kept:
            yield f"@{rule.at_keyword}{prelude}{{{kept}}}"
    elif rule.lower_at_keyword != "font-face":  # the only fonts these sheets bring are icons
        yield f"@{rule.at_keyword}{prelude}{{{tinycss2.serialize(rule.content)}}}"


def _selectors(prelude: list[ast.Node]) -> list[str]:
    parts: list[list[ast.Node]] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return [tinycss2.serialize(part).strip() for part in parts]


def _may_match(selector: str, names: set[str]) -> bool:
    # Inside :not(), :is() and the like a missing class proves nothing.
    bare = re.sub(r":[\w-]+\((?:[^()]|\([^()]*\))*\)", "", selector)
    bare = re.sub(r"\[[^\]]*\]", "", bare)
    return all(name.replace("\\", "") in names for name in re.findall(r"[.#]((?:[\w-]|\\.)+)", bare))


def write_book_css(outdir: Path, pages: Iterable[str], extra: str) -> None:
    """Write ``_static/book.css`` and remove what it replaces.

    Parameters
    ----------
    outdir : Path
        The built site.
    pages : iterable of str
        The HTML of all its pages.
    extra : str
        Rules put last.
    """
    static = outdir / "_static"
    scripts = [path.read_text("utf-8") for path in static.rglob("*.js") if "scripts" not in path.parts]
    names = names_in_use(pages, scripts)
    found = [path for pattern in SHEETS for path in sorted(static.glob(pattern))]
    theirs = "\n".join(prune(path.read_text("utf-8"), names) for path in found)
    ours = (static / "site.css").read_text("utf-8")
    # In a layer, so that a plain rule of the book wins over the most specific one of the theme; but for what is
    # important the order of layers is the other way round.
    theirs = re.sub(r"\s*!important", "", theirs)
    (static / "book.css").write_text(f"@layer theme{{\n{theirs}\n}}\n{ours}\n{extra}\n", encoding="utf-8")
