"""Every page of the built site: loads from anywhere, asks nobody else, reads well, is small."""

import gzip
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page

from tests.site.conftest import ROOT, Site

pytestmark = pytest.mark.browser

AXE = ROOT / "assets" / "node_modules" / "axe-core" / "axe.min.js"
# As for somebody who has read to the end: folds open, far sections laid out.
AS_READ = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(".bd-article section { content-visibility: visible !important }");
  document.adoptedStyleSheets.push(sheet);
  document.querySelectorAll("details").forEach((one) => (one.open = true));
}"""
# The drawn half of a formula is hidden from assistive technology, which reads the MathML beside it.
RUN_AXE = "rules => axe.run({ exclude: [['.katex-html']] }, { resultTypes: ['violations'], ...rules })"
# The dark page has the same elements in other colours: only the rules about colours can say something new.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
FIRST_VIEW = 250_000  # bytes, gzip, without the pictures of outputs

PLACES: dict[str, Callable[[Site, str], str]] = {
    "http": lambda site, page: site.address + page,
    "sub-path": lambda site, page: f"{site.address}fork/book/{page}",
    "file": lambda site, page: (site.folder / page).as_uri(),
}


@pytest.mark.parametrize("place", PLACES)
def test_loads_with_its_widgets_without_other_hosts_and_without_complaint(site: Site, place: str) -> None:
    trouble = {}
    for page in site.pages:
        with site.visit(PLACES[place](site, page)) as visit:
            started = start_widgets(visit.page)
            text = visit.page.locator("article").inner_text()
        if visit.trouble or not text.strip() or not all(started):
            trouble[page] = visit.trouble or "a widget did not start" if text.strip() else "empty"
    assert not trouble


def start_widgets(page: Page) -> list[bool]:
    """Scroll to every widget of a page; whether each of them came to life."""
    started = []
    for widget in page.locator(".lesson-widget").all():
        if not widget.is_visible():  # its cell came out differently in the two frameworks: it is in the other tab
            widget.locator(
                "xpath=ancestor::div[contains(@class, 'sd-tab-content')]/preceding-sibling::label[1]"
            ).click()
        widget.scroll_into_view_if_needed()
        page.wait_for_function("one => one.dataset.ready || one.dataset.failed", arg=widget.element_handle())
        started.append(widget.get_attribute("data-failed") is None)
    return started


def test_maths_is_rendered(site: Site) -> None:
    rendered = 0
    for page in site.pages:
        with site.visit(site.address + page) as visit:
            formulas = visit.page.locator(".math")
            good = visit.page.locator(".math:has(.katex-html):has(math)")
            assert formulas.count() == good.count(), page
            assert visit.page.locator(".katex-error").count() == 0, page
            text = visit.page.evaluate(
                "() => { const copy = document.querySelector('article').cloneNode(true);"
                " copy.querySelectorAll('pre, code, .math, .lesson-widget').forEach((part) => part.remove());"
                " return copy.textContent; }"
            )
            assert not re.search(r"\\[(\[]|\$[^$\n]*[\\^_][^$\n]*\$|\$\$", text), page
            if good.count():
                rendered += 1
                visit.page.evaluate(AS_READ)  # a font is fetched when a formula is laid out
                fonts = visit.page.evaluate(
                    "async () => { await document.fonts.ready;"
                    " return [...document.fonts].filter((one) => one.status === 'loaded').length; }"
                )
                assert fonts, f"{page}: no font of KaTeX was loaded"
    assert rendered, "no page has maths"


def test_nothing_scrolls_sideways_on_a_phone(site: Site) -> None:
    wide = {}
    for page in site.pages:
        with site.visit(site.address + page, width=360, has_touch=True, is_mobile=True) as visit:
            width = visit.page.evaluate("document.documentElement.scrollWidth")
            if width > 360:
                wide[page] = width
    assert not wide


@pytest.mark.parametrize(("mode", "rules"), [("light", {}), ("dark", COLOURS)], ids=["light", "dark"])
def test_axe_finds_nothing(site: Site, mode: str, rules: dict) -> None:
    script = AXE.read_text("utf-8")
    found = {}
    for page in site.pages:
        with site.visit(site.address + page, color_scheme=mode) as visit:
            visit.page.evaluate(AS_READ)
            visit.page.wait_for_timeout(150)
            visit.page.evaluate(script)
            result = visit.page.evaluate(RUN_AXE, rules)
        violations = [
            f"{one['id']}: {node['target']} {node['failureSummary']}"
            for one in result["violations"]
            for node in one["nodes"][:3]
        ]
        if violations:
            found[page] = violations
    assert not found, "\n".join(f"{page}\n  " + "\n  ".join(lines) for page, lines in found.items())


def test_first_view_of_a_lesson_is_small(site: Site) -> None:
    weights = {}
    for page in site.lessons:
        sizes: dict[str, int] = {}
        with site.visit(site.address + "search.html") as visit:
            visit.page.on(
                "requestfinished",
                lambda request, sizes=sizes: sizes.__setitem__(request.url, _size(site, request.url)),
            )
            visit.page.goto(site.address + page, wait_until="networkidle")
        weights[page] = sum(sizes.values())
        assert len(sizes) > 3, f"{page}: only {list(sizes)} was seen"
    print(weights)
    heavy = {page: weight for page, weight in weights.items() if weight > FIRST_VIEW}
    assert not heavy


def _size(site: Site, url: str) -> int:
    """Bytes on the wire, had the server compressed what is worth compressing."""
    path = unquote(urlsplit(url).path).lstrip("/") or "index.html"
    if path.startswith("_images/"):
        return 0
    body = (site.folder / path).read_bytes()
    return len(body) if path.endswith((".woff2", ".png")) else len(gzip.compress(body))


class Links(HTMLParser):
    """Links and ids of a page, and whatever a strict Content-Security-Policy would block."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.inline: list[str] = []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.links += [str(found[name]) for name in ("href", "src", "action") if found.get(name)]
        self.ids |= {str(found[name]) for name in ("id", "name") if found.get(name)}
        self.inline += [f"<{tag} {name}>" for name in found if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in found):
            self.inline.append(f"<{tag}>")


def test_links_resolve(site: Site) -> None:
    pages = {page: Links(site.folder / page) for page in site.pages}
    broken = []
    for page, parsed in pages.items():
        for link in parsed.links:
            parts = urlsplit(link)
            if parts.scheme:
                if parts.scheme not in ("https", "mailto", "data"):
                    broken.append(f"{page}: {link} is not https")
                continue
            target = (site.folder / page).parent / unquote(parts.path) if parts.path else site.folder / page
            name = target.resolve().relative_to(site.folder.resolve()).as_posix()
            if not target.is_file():
                broken.append(f"{page}: {link} leads nowhere")
            elif parts.fragment and name in pages and unquote(parts.fragment) not in pages[name].ids:
                broken.append(f"{page}: {link} has no such anchor")
    assert not broken


def test_nothing_is_inline(site: Site) -> None:
    inline = {page: found for page in site.pages if (found := Links(site.folder / page).inline)}
    assert not inline


def test_every_page_says_what_it_is(site: Site) -> None:
    for page in site.pages:
        text = (site.folder / page).read_text("utf-8")
        assert '<html lang="en"' in text, page
        assert "Content-Security-Policy" in text, page
        if page != "search.html":
            assert re.search(r'<meta name="description" content="[^"]{40,}"', text), f"{page}: no description"
        assert len(re.findall("<h1", text)) == 1, f"{page}: needs exactly one h1"


def test_the_stock_scripts_and_icon_fonts_are_gone(site: Site) -> None:
    names = [path.name for path in (site.folder / "_static").rglob("*")]
    unwanted = [name for name in names if re.search(r"fontawesome|^fa-|bootstrap|thebe|require|\.ttf$|\.woff$", name)]
    assert not unwanted
