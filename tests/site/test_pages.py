"""Every page of the built site: loads from anywhere, asks nobody else, reads well, is small."""

import gzip
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.site.survey import Reading, start_widgets
from tests.site.visit import Site

pytestmark = pytest.mark.browser

FIRST_VIEW = 250_000  # bytes, gzip, without the pictures of outputs

PLACES: dict[str, Callable[[Site, str], str]] = {
    "sub-path": lambda site, page: f"{site.address}fork/book/{page}",
    "file": lambda site, page: (site.folder / page).as_uri(),
}


@pytest.mark.parametrize("place", PLACES)
def test_loads_with_its_widgets_from_anywhere(site: Site, place: str) -> None:
    """Every page at the usual place is opened in the survey; from each other place every second one."""
    trouble = {}
    for page in {"index.html", *site.pages[list(PLACES).index(place) :: 2]}:
        with site.visit(PLACES[place](site, page)) as visit:
            started = start_widgets(visit.page)
            if visit.trouble or not all(started):
                trouble[page] = visit.trouble or "a widget did not start"
    assert not trouble


def test_loads_without_other_hosts_and_without_complaint(survey: dict[str, Reading]) -> None:
    assert not {page: reading.trouble for page, reading in survey.items() if reading.trouble}
    assert not [page for page, reading in survey.items() if not reading.text.strip()]
    assert not [page for page, reading in survey.items() if not all(reading.started)]
    assert sum(len(reading.started) for reading in survey.values()) > 3


def test_maths_is_rendered(survey: dict[str, Reading]) -> None:
    assert any(reading.formulas for reading in survey.values())
    for page, reading in survey.items():
        assert reading.formulas == reading.good_formulas, page
        assert not re.search(r"\\[(\[]|\$[^$\n]*[\\^_][^$\n]*\$|\$\$", reading.prose), page
        assert reading.fonts or not reading.formulas, f"{page}: no font of KaTeX was loaded"


def test_nothing_scrolls_sideways_on_a_phone(survey: dict[str, Reading]) -> None:
    assert not {page: reading.phone_width for page, reading in survey.items() if reading.phone_width > 360}


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_nothing(survey: dict[str, Reading], mode: str) -> None:
    found = {page: reading.violations[mode] for page, reading in survey.items() if reading.violations[mode]}
    assert not found, "\n".join(f"{page}\n  " + "\n  ".join(lines) for page, lines in found.items())


def test_first_view_of_a_lesson_is_small(site: Site, survey: dict[str, Reading]) -> None:
    weights = {page: sum(_size(site, url) for url in set(survey[page].received)) for page in site.lessons}
    assert all(len(set(survey[page].received)) > 3 for page in site.lessons)
    print(weights)
    assert not {page: weight for page, weight in weights.items() if weight > FIRST_VIEW}


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
