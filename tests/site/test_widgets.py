"""The widgets of the built pages: alive without a kernel, with the numbers that NumPy computes."""

import ast
import json
import random
import re

import numpy as np
import pytest
from playwright.sync_api import Page

from lesson_utils.widgets.convolution import convolve, output_size
from tests.site.conftest import Site
from tests.site.test_pages import PLACES
from tests.widgets.harness import set_ranges

pytestmark = pytest.mark.browser


def pages_with_widgets(site: Site) -> list[str]:
    return [page for page in site.pages if 'class="lesson-widget"' in (site.folder / page).read_text("utf-8")]


@pytest.mark.parametrize("place", PLACES)
def test_every_widget_of_every_page_starts(site: Site, place: str) -> None:
    pages = pages_with_widgets(site)
    assert pages, "no page shows a widget"
    for name in pages:
        with site.visit(PLACES[place](site, name)) as visit:
            for widget in visit.page.locator(".lesson-widget").all():
                widget.scroll_into_view_if_needed()
                visit.page.wait_for_function(
                    "one => one.dataset.ready || one.dataset.failed", arg=widget.element_handle()
                )
                assert widget.get_attribute("data-failed") is None, name
            assert not visit.trouble, name


@pytest.mark.parametrize("place", PLACES)
def test_sliders_of_the_convolution_lesson_change_its_numbers(site: Site, place: str) -> None:
    rng = random.Random(7)
    with site.visit(PLACES[place](site, "book/cnn/convolution.html")) as visit:
        page = visit.page
        page.locator(".lesson-widget").first.scroll_into_view_if_needed()
        page.wait_for_selector(".lesson-widget[data-ready]")
        start = np.array(json.loads(page.get_attribute(".lw", "data-output") or ""))
        assert start.shape == (1, 5, 5)  # 7×7, k 3, s 1, p 0
        for _ in range(8):
            stride, padding = rng.randint(1, 4), rng.randint(0, 2)
            set_ranges(page, {"stride": stride, "padding": padding})
            shown = np.array(json.loads(page.get_attribute(".lw", "data-output") or ""))
            side = output_size(7, 3, stride, padding, 1)
            assert shown.shape == (1, side, side)
            if padding == 0:  # every s-th number of the start, in both directions
                np.testing.assert_array_equal(shown, start[:, ::stride, ::stride])
            image, kernel = drawn(page)
            np.testing.assert_allclose(shown, convolve(image, kernel, stride, padding, 1))
        assert not visit.trouble


def drawn(page: Page) -> tuple[np.ndarray, np.ndarray]:
    """The pixels and the weights, from the lines of code that the widget offers for copying."""
    code = page.locator(".lw-code pre").inner_text()
    image, kernel = (ast.literal_eval(found) for found in re.findall(r"= torch\.tensor\((\[.*?\]), dtype", code))
    return np.array(image)[0], np.array(kernel)
