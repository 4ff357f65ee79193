"""What a reader does: choose a framework, a colour mode, search, open the contents on a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.site.visit import Site

pytestmark = pytest.mark.browser

CHECKED = 'input:checked + label[data-sync-group="framework"]'
SHIFTS = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const one of list.getEntries()) sum += one.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 300);
})"""


def chosen(page: Page) -> set[str]:
    """Frameworks that the tab sets of a page show."""
    return set(page.eval_on_selector_all(CHECKED, "labels => labels.map((one) => one.dataset.syncId)"))


def with_tabs(site: Site) -> list[str]:
    """Pages that have framework tabs."""
    pages = [page for page in site.pages if 'data-sync-group="framework"' in (site.folder / page).read_text("utf-8")]
    assert len(pages) > 1, "the choice can only be remembered where another page has tabs"
    return pages


def test_framework_is_remembered_on_the_next_page_and_visit(site: Site) -> None:
    first, second, *_ = with_tabs(site)
    with site.visit(site.address + first) as visit:
        page = visit.page
        assert chosen(page) == {"torch"}
        page.locator('label[data-sync-id="paddle"]').last.click()
        assert chosen(page) == {"paddle"}
        page.goto(site.address + second)
        assert chosen(page) == {"paddle"}
        state = page.context.storage_state()
        assert not visit.trouble
    with site.visit(site.address + first, storage_state=state) as visit:
        assert chosen(visit.page) == {"paddle"}


def test_framework_can_be_asked_for_in_the_address(site: Site) -> None:
    first, second, *_ = with_tabs(site)
    with site.visit(f"{site.address}{first}?framework=paddle") as visit:
        assert chosen(visit.page) == {"paddle"}
        visit.page.goto(site.address + second)
        assert chosen(visit.page) == {"paddle"}
        visit.page.goto(f"{site.address}{first}?framework=something")
        assert chosen(visit.page) == {"paddle"}


def test_framework_works_from_a_file(site: Site) -> None:
    first = with_tabs(site)[0]
    with site.visit((site.folder / first).as_uri()) as visit:
        visit.page.locator('label[data-sync-id="paddle"]').first.click()
        visit.page.reload()
        assert chosen(visit.page) == {"paddle"}


def test_keyboard_moves_between_the_tabs_and_the_place_stays(site: Site) -> None:
    page_with_most = max(with_tabs(site), key=lambda name: (site.folder / name).read_text("utf-8").count("sd-tab-set"))
    with site.visit(site.address + page_with_most) as visit:
        last = visit.page.locator('input:has(+ label[data-sync-id="torch"])').last
        last.focus()
        before = visit.page.locator('label[data-sync-id="torch"]').last.bounding_box()
        visit.page.keyboard.press("ArrowRight")
        after = visit.page.locator('label[data-sync-id="torch"]').last.bounding_box()
        assert chosen(visit.page) == {"paddle"}
        assert before and after and abs(before["y"] - after["y"]) < 4


def test_a_page_does_not_jump_for_a_reader_of_paddle(site: Site) -> None:
    jumps = {}
    for name in with_tabs(site):
        with site.visit(f"{site.address}{name}?framework=paddle") as visit:
            visit.page.reload()
            shift = visit.page.evaluate(SHIFTS)
            if shift > 0.02:
                jumps[name] = shift
    assert not jumps


def test_colour_mode_follows_the_system_until_chosen(site: Site) -> None:
    with site.visit(site.address, color_scheme="dark") as visit:
        page = visit.page
        html = page.locator("html")
        expect(html).to_have_attribute("data-theme", "dark")
        page.emulate_media(color_scheme="light")
        expect(html).to_have_attribute("data-theme", "light")
        button = page.locator(".theme-switch-button")
        while html.get_attribute("data-mode") != "dark":
            button.click()
        page.reload()
        expect(html).to_have_attribute("data-theme", "dark")


def test_paper_is_white(site: Site) -> None:
    with site.visit(site.address + site.lessons[0], color_scheme="dark") as visit:
        visit.page.emulate_media(media="print")
        expect(visit.page.locator("html")).to_have_attribute("data-theme", "light")
        expect(visit.page.locator("article h1")).to_be_visible()
        expect(visit.page.locator("nav.bd-docs-nav")).not_to_be_visible()
        visit.page.emulate_media(media="screen", color_scheme="dark")
        expect(visit.page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("address", ["http", "file"])
def test_search_finds_a_lesson(site: Site, address: str) -> None:
    start = site.address + "index.html" if address == "http" else (site.folder / "index.html").as_uri()
    with site.visit(start) as visit:
        page = visit.page
        page.keyboard.press("Control+k")
        page.keyboard.type("convolution")
        page.keyboard.press("Enter")
        result = page.locator('#search-results a[href*="cnn/convolution.html"]').first
        result.click()
        expect(page.locator("article h1")).to_be_visible()
        assert not visit.trouble


def test_contents_open_and_close_on_a_phone(site: Site) -> None:
    with site.visit(site.address + site.lessons[0], width=360) as visit:
        page = visit.page
        contents = page.locator("nav.bd-docs-nav")
        expect(contents).not_to_be_visible()
        page.locator(".primary-toggle").click()
        expect(contents).to_be_visible()
        page.keyboard.press("Escape")
        expect(contents).not_to_be_visible()
        page.locator(".secondary-toggle").click()
        page.locator("#pst-page-toc-nav a").last.click()
        expect(page.locator("#pst-page-toc-nav")).not_to_be_visible()


def test_code_can_be_copied(site: Site) -> None:
    with site.visit(site.address + site.lessons[0], permissions=["clipboard-read", "clipboard-write"]) as visit:
        page = visit.page
        box = page.locator(".cell_input .highlight:visible").first
        box.hover()
        box.locator(".copy").click()
        assert page.evaluate("navigator.clipboard.readText()") == box.locator("pre").text_content()


def test_a_lesson_can_be_read_without_scripts(site: Site) -> None:
    with site.visit(site.address + site.lessons[0], java_script_enabled=False) as visit:
        expect(visit.page.locator("article h1")).to_be_visible()
        tabs = visit.page.locator(".sd-tab-set").first
        tabs.locator('label[data-sync-id="paddle"]').click()
        expect(tabs.locator(".sd-tab-content").last).to_be_visible()
