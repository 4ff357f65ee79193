"""The last touch to a built site: nothing inline, one style sheet, a front page at the root."""

import base64
import hashlib
import posixpath
import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

from publishing import theme_styles

ATTRIBUTE = r"""\s+[^\s=>"'/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"']+))?"""
TAG_WITH_STYLE = re.compile(rf"""<[a-zA-Z][\w-]*(?:{ATTRIBUTE})*?\s+style="[^"]*"(?:{ATTRIBUTE})*\s*/?>""")


def move_styles(page: str, rules: dict[str, str]) -> str:
    """Replace each style attribute by a class, which a strict Content-Security-Policy allows.

    Parameters
    ----------
    page : str
        HTML.
    rules : dict of str to str
        Class name to declarations; what this page needs is added.

    Returns
    -------
    str
        The page without style attributes.
    """

    def replace(found: re.Match[str]) -> str:
        tag = found[0]
        style = re.search(r'\s+style="([^"]*)"', tag)
        assert style
        tag = tag.replace(style[0], "", 1)
        declarations = [part.strip() for part in style[1].split(";") if part.strip()]
        if not declarations:
            return tag
        # Important, because an attribute wins over every rule and these rules take the place of attributes.
        body = ";".join(f"{part} !important" for part in declarations)
        name = "s" + hashlib.sha1(body.encode()).hexdigest()[:7]
        rules[name] = body
        if ' class="' in tag:
            return tag.replace(' class="', f' class="{name} ', 1)
        return re.sub(r"^<[\w-]+", lambda start: f'{start[0]} class="{name}"', tag)

    return TAG_WITH_STYLE.sub(replace, page) if ' style="' in page else page


def mend(page: str) -> str:
    """Put right what extensions write in a way that a screen reader or the security policy would trip over."""
    # Data frames bring a style element each; the book's own rules serve tables of all kinds.
    page = re.sub(r"<style scoped>.*?</style>\s*", "", page, flags=re.DOTALL)
    # The corner above a data frame's row names heads nothing.
    page = re.sub(r"<th>\s*</th>", "<td></td>", page)
    page = page.replace(' role="doc-biblioentry"', ' role="listitem"')
    # The list of footnotes belongs to the text; an aside would be a landmark beside it.
    notes = r'<aside class="footnote-list brackets">(.*?</aside>\s*)</aside>'
    page = re.sub(notes, r'<div class="footnote-list">\1</div>', page, flags=re.DOTALL)
    # In the page, since adding them to fifty boxes later would have the browser lay it out again.
    code = r'(<div class="highlight-(?:ipython3|python|bash)[^"]*"><div class="highlight">)(?=<pre>)'
    page = re.sub(code, r'\1<button type="button" class="copy">Copy</button>', page)
    # What a folded cell says itself ("Solution") is its name.
    page = page.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    # An arrow that opens a chapter needs a name.
    arrow = '<i class="fa-solid fa-chevron-down"></i>'
    return page.replace(arrow, '<span class="unseen">Lessons of this chapter</span>')


def move_pictures(page: str, name: str, outdir: Path) -> str:
    """Turn pixels that stand in the page as text into files, so that the words need not wait for them.

    Parameters
    ----------
    page : str
        HTML.
    name : str
        Path of the page below ``outdir``, with forward slashes.
    outdir : Path
        The built site; the files go to its ``_images``.

    Returns
    -------
    str
        The page with relative links to the files.
    """

    def replace(found: re.Match[str]) -> str:
        pixels = base64.b64decode(found[2])
        file = f"_images/{hashlib.sha1(pixels).hexdigest()[:12]}.png"
        (outdir / file).parent.mkdir(exist_ok=True)
        (outdir / file).write_bytes(pixels)
        return f'{found[1]}"{"../" * name.count("/")}{file}"'

    return re.sub(r'((?:href|src)=)"data:image/png;base64,([\w+/=\s]+)"', replace, page)


def front_page(page: str, folder: str) -> str:
    """A page of ``folder`` as it must read one level up, at the root of the site."""

    def rebase(found: re.Match[str]) -> str:
        name, url = found[1], found[2]
        if not url or re.match(r"#|[a-z]+:|//", url):
            return found[0]
        path, mark, rest = re.match(r"([^?#]*)([?#]?)(.*)", url).groups()  # type: ignore[union-attr]
        moved = posixpath.normpath(posixpath.join(folder, path)) if path else ""
        return f' {name}="{moved}{mark}{rest}"'

    page = re.sub(r'\s(href|src|action)="([^"]*)"', rebase, page)
    return page.replace('data-content_root="../"', 'data-content_root="./"')


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Rewrite the pages and write the style sheet."""
    if exception or app.builder.format != "html":
        return
    outdir = Path(app.outdir)
    kept = outdir / "_static" / "moved-styles.css"
    # Pages that this build did not write still use classes of the builds before.
    rules = dict(re.findall(r"\.(\w+)\{(.*)\}", kept.read_text("utf-8"))) if kept.exists() else {}
    root_page = outdir / f"{app.config.root_doc}.html"
    folder = posixpath.dirname(app.config.root_doc)
    if folder:
        (outdir / "index.html").write_text(front_page(root_page.read_text("utf-8"), folder), encoding="utf-8")
    pages = []
    for path in sorted(outdir.rglob("*.html")):
        if "_static" in path.parts:
            continue
        before = path.read_text("utf-8")
        name = path.relative_to(outdir).as_posix()
        pages.append(move_pictures(move_styles(mend(before), rules), name, outdir))
        if pages[-1] != before:
            path.write_text(pages[-1], encoding="utf-8")
    for picture in (outdir / "_images").glob("[0-9a-f]" * 12 + ".png"):
        if not any(picture.name in page for page in pages):
            picture.unlink()  # of an earlier build
    text = "\n".join(f".{name}{{{body}}}" for name, body in sorted(rules.items()))
    kept.write_text(text, encoding="utf-8")
    theme_styles.write_book_css(outdir, pages, text)
    remove_leftovers(outdir / "_static")


def remove_leftovers(static: Path) -> None:
    """Delete the files of the theme and the extensions that no page loads."""
    for pattern in theme_styles.LEFTOVERS:
        for path in static.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def setup(app: Sphinx) -> None:
    """Run after everything else that writes into the site."""
    app.connect("build-finished", finish, priority=950)
