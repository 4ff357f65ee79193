"""Figures: fit to stand inline in a page, the same bytes every time."""

import io

import numpy as np
import pytest

from lesson_utils import plots


def svg_of(draw):
    fig, axis = plots.figure()
    draw(axis)
    buffer = io.StringIO()
    fig.savefig(buffer, format="svg")
    return plots.tidy_svg(buffer.getvalue())


def draw(axis):
    axis.plot([1, 2, 3], [0.1, 0.5, 0.3], "--", label="a")
    axis.imshow(np.eye(3))
    axis.set(xlabel="$x^2$", ylabel="loss")
    axis.legend()


def test_nothing_in_a_figure_acts_on_the_page():
    svg = svg_of(draw)
    assert svg.startswith("<svg")
    assert "<style" not in svg and " style=" not in svg and "<metadata" not in svg and "<!--" not in svg
    assert "px" not in svg.split("base64")[0] and "DejaVu" not in svg


def test_a_figure_drawn_twice_is_the_same():
    assert svg_of(draw) == svg_of(draw)


def test_pictures_survive_the_rounding_of_coordinates():
    import base64
    import re

    encoded = re.search(r"base64,\s*([^\"]+)", svg_of(lambda axis: axis.imshow(np.random.rand(28, 28))))[1]
    assert base64.b64decode(encoded).startswith(b"\x89PNG")


def test_a_figure_without_a_real_alternative_text_is_refused():
    with pytest.raises(ValueError, match="says too little"):
        plots.show(plots.figure()[0], alt="a plot")


@pytest.mark.parametrize("shape", [(5, 8, 8), (5, 1, 8, 8), (5, 3, 8, 8)])
def test_images_draws_each_picture(shape):
    fig = plots.images(np.random.rand(*shape), titles=list("abcde"), cols=3)
    drawn = [axis for axis in fig.axes if axis.images]
    assert [axis.get_title() for axis in drawn] == list("abcde")


def test_images_refuses_what_are_no_pictures():
    with pytest.raises(ValueError, match=r"\(N, H, W\) or \(N, C, H, W\), not shape \(8, 8\)"):
        plots.images(np.zeros((8, 8)))
    with pytest.raises(ValueError, match="2 pictures but 1 titles"):
        plots.images(np.zeros((2, 8, 8)), titles=["a"])


def test_rounding_leaves_the_words_of_a_figure_alone():
    svg = svg_of(lambda axis: (axis.set_yticks([0.125, 0.5], ["0.125", "half"]), axis.set(title="lr 0.0003")))
    assert ">0.125<" in svg and "lr 0.0003" in svg
