"""The widgets of the built pages: alive without a kernel, with the numbers that NumPy computes."""

import ast
import json
import random
import re

import numpy as np
import pytest
from playwright.sync_api import Page

from lesson_utils.widgets.convolution import convolve, output_size
from tests.site.test_pages import PLACES
from tests.site.visit import Site
from tests.widgets.harness import set_ranges

pytestmark = pytest.mark.browser


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
