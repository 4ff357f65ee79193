"""The static host: what the page promises to a front end."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

import lesson_utils.widgets as widgets
from lesson_utils.widgets import Convolution
from publishing.widget_assets import classic_script

from .harness import opened, set_ranges, settle, write_page


def script_of(folder: Path) -> Path:
    """Return the script of the only widget of a page."""
    return next((folder / "_static" / "widgets").glob("*.js"))


def test_only_what_comes_near_is_started(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, write_page(tmp_path, [Convolution() for _ in range(40)])) as page:
        page.wait_for_timeout(100)
        assert 1 <= page.locator("[data-ready]").count() < 40
        page.locator(".lesson-widget").last.scroll_into_view_if_needed()
        page.wait_for_selector(".lesson-widget:last-child[data-ready]")


def test_what_is_hidden_starts_when_it_is_shown(browser: Browser, tmp_path: Path) -> None:
    """The widget of the other framework's tab has no place in the page, and must not be taken for near."""
    address = write_page(tmp_path, [Convolution(), Convolution()])
    file = tmp_path / "page-light.html"
    first, second, third = file.read_text("utf-8").split('<div class="lesson-widget"')
    hidden = '<section hidden><div class="lesson-widget"' + third.replace("</main>", "</section></main>")
    file.write_text(f'{first}<div class="lesson-widget"{second}{hidden}', "utf-8")
    with opened(browser, address) as page:
        page.wait_for_timeout(300)
        assert page.locator("[data-ready]").count() == 1
        page.evaluate("document.querySelector('section').hidden = false")
        page.wait_for_selector("section [data-ready]")


def test_words_stay_when_the_script_is_missing(browser: Browser, tmp_path: Path) -> None:
    address = write_page(tmp_path, [Convolution()])
    script_of(tmp_path).unlink()
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector("[data-failed]", timeout=5000)
    assert "7 by 7 input" in page.inner_text(".lesson-widget")
    page.close()


def test_link_brings_the_settings_back(browser: Browser, tmp_path: Path) -> None:
    address = write_page(tmp_path, [Convolution(), Convolution()])
    with opened(browser, address) as page:
        set_ranges(page, {"stride": 3, "padding": 2}, ".lesson-widget:nth-of-type(2)")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.locator(".lesson-widget").nth(1).get_by_role("button", name="Link").click()
        settle(page)
        link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(address + "#")
    with opened(browser, link) as page:
        page.wait_for_selector(".lesson-widget:nth-of-type(2)[data-ready]")
        second = page.locator(".lesson-widget").nth(1)
        assert second.locator("input[data-field=stride]").input_value() == "3"
        assert second.locator("input[data-field=padding]").input_value() == "2"
    for broken in ["#widget=convolution.1&settings={", "#widget=convolution.1&settings=[1]"]:
        with opened(browser, address + broken) as page:
            assert page.locator("input[data-field=stride]").first.input_value() == "1"


TRY = """() => {
  const { model } = globalThis, heard = [];
  model.on('change:stride', () => heard.push(model.get('stride')));
  model.on('change:image', () => heard.push('image'));
  model.set('stride', 2); model.set('stride', 2);
  model.set({ image: [[1]] }); model.set('image', [[1]]);
  model.off('change:stride'); model.set('stride', 4);
  model.save_changes(); model.send({});
  return heard;
}"""


def test_equal_values_are_silent(browser: Browser, tmp_path: Path) -> None:
    address = write_page(tmp_path, [Convolution()])
    script = script_of(tmp_path)
    front_end = "export default { render({ model }) { globalThis.model = model; } };"
    script.write_text(classic_script(front_end, script.stem), "utf-8")
    with opened(browser, address) as page:
        assert page.evaluate(TRY) == [2, "image"]


def test_print_shows_every_widget_as_a_picture(browser: Browser, tmp_path: Path) -> None:
    every = [getattr(widgets, name)() for _ in range(4) for name in widgets.__all__]
    with opened(browser, write_page(tmp_path, every)) as page:
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(300)
        assert page.locator("[data-ready]").count() < len(every), "nothing was left for the printer"
        assert page.pdf()[:4] == b"%PDF"
        assert page.locator("[data-ready]").count() == len(every)
        page.emulate_media(media="print")
        assert page.locator(".lw-actions:visible, .lw-bar:visible").count() == 0
        for widget in page.locator(".lesson-widget").all():
            box = widget.locator(".lw").bounding_box()
            assert box and box["height"] > 200, widget.get_attribute("data-widget")
