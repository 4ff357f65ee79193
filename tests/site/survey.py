"""One visit to a page of the site, and all that the tests want to know of it: opening each page once is enough."""

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

from tests.site.visit import Site
from tests.widgets.harness import axe_source

# As for somebody who has read to the end: folds open, far sections laid out, and nothing on its way from one
# colour to another.
AS_READ = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`.bd-article section { content-visibility: visible !important }
    *, *::before, *::after { transition: none !important; animation: none !important }`);
  document.adoptedStyleSheets.push(sheet);
  document.querySelectorAll("details").forEach((one) => (one.open = true));
}"""
# The contrast of a piece of code depends on what kind of token it is and on nothing else. Judging each kind twice
# a page instead of thousands of them is many times as fast; the same holds for the rows of a long table. The drawn
# half of a formula is hidden from assistive technology, which reads the MathML beside it, and of a figure it reads
# the label: axe looks at thousands of drawn lines and says nothing of them, not even where their text is invisible.
ALIKE = """() => {
  const seen = new Map();
  const alike = [...document.querySelectorAll("pre span[class]")].filter((token) => {
    if (token.firstElementChild) return false;
    if (!token.checkVisibility()) return true; // in the other framework's tab
    const kind = token.className + token.closest("[class*=highlight]")?.className;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    return seen.get(kind) > 2;
  });
  alike.forEach((token) => token.replaceWith(token.textContent));
  const silent = "article tr:nth-child(n + 25), .katex-html, svg[role=img]:not(.lw *) > *";
  document.querySelectorAll(silent).forEach((one) => one.remove());
}"""
RUN_AXE = "rules => axe.run({ resultTypes: ['violations'], ...rules })"
# The dark page has the same elements in other colours: only the rules about colours can say something new.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
# What is prose: dollars or backslashes in it are formulas that were not rendered.
PROSE = """() => {
  const copy = document.querySelector("article").cloneNode(true);
  copy.querySelectorAll("pre, code, .math, .lesson-widget").forEach((part) => part.remove());
  return copy.textContent;
}"""
FONTS = """async () => {
  await document.fonts.ready;
  return [...document.fonts].filter((one) => one.status === "loaded").length;
}"""


@dataclass
class Reading:
    """What a reader, and a machine that reads aloud, would find on a page."""

    received: list[str] = field(default_factory=list)  # addresses, until the first view was complete
    started: list[bool] = field(default_factory=list)  # one a widget
    text: str = ""
    prose: str = ""
    formulas: int = 0
    good_formulas: int = 0
    fonts: int = 0
    phone_width: int = 0
    violations: dict[str, list[str]] = field(default_factory=dict)  # light, dark
    trouble: list[str] = field(default_factory=list)


def read(site: Site, page_name: str) -> Reading:
    """Visit a page once and note everything."""
    reading = Reading()
    with site.visit(site.address + page_name) as visit:
        page = visit.page
        page.wait_for_load_state("networkidle")
        reading.received = list(visit.received)
        reading.started = start_widgets(page)
        article = page.locator("article")
        reading.text, reading.prose = article.inner_text(), page.evaluate(PROSE)
        reading.formulas = page.locator(".math, .katex-error").count()
        reading.good_formulas = page.locator(".math:has(.katex-html):has(math)").count()
        page.set_viewport_size({"width": 360, "height": 800})
        reading.phone_width = page.evaluate("document.documentElement.scrollWidth")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.evaluate(AS_READ)
        reading.fonts = page.evaluate(FONTS)  # a font is fetched when a formula is laid out
        page.evaluate(axe_source())
        page.evaluate(ALIKE)
        reading.violations["light"] = violations(page, {})
        page.emulate_media(color_scheme="dark")
        page.wait_for_timeout(150)
        reading.violations["dark"] = violations(page, COLOURS)
        reading.trouble = visit.trouble
    return reading


def start_widgets(page: Page) -> list[bool]:
    """Scroll to every widget of a page; whether each of them came to life."""
    started = []
    for widget in page.locator(".lesson-widget").all():
        if not widget.is_visible():  # its cell came out differently in the two frameworks: it is in the other tab
            widget.locator(
                "xpath=ancestor::div[contains(@class, 'sd-tab-content')]/preceding-sibling::label[1]"
            ).click()
        # Playwright's own scrolling does not lay out what the page skips, and ends at a place that is not there.
        widget.evaluate("one => one.scrollIntoView()")
        page.wait_for_function("one => one.dataset.ready || one.dataset.failed", arg=widget.element_handle())
        started.append(widget.get_attribute("data-failed") is None)
    return started


def violations(page: Page, rules: dict[str, Any]) -> list[str]:
    """Say what the accessibility checker finds."""
    found = page.evaluate(RUN_AXE, rules)["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"][:3]]
