"""Each part of publishing by itself."""

import nbformat
import pytest

from publishing.figures import figure_element
from publishing.lesson import LessonError, in_book_order, read_lesson, read_lessons
from publishing.outputs import keep_recorded, normalise
from publishing.plain import to_page, to_plain
from publishing.split import code_hash, split
from publishing.widget_assets import classic_script
from tests.publishing.conftest import LESSON


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "tiny.md").write_text(LESSON, encoding="utf-8")
    return tmp_path


def read(sources, old="", new=""):
    path = sources / "demo" / "tiny.md"
    assert old in LESSON
    path.write_text(LESSON.replace(old, new, 1) if old else LESSON, encoding="utf-8")
    return read_lesson(path, sources)


def test_split_keeps_the_cells_of_one_framework(sources):
    lesson = read(sources)
    torch, paddle = (split(lesson, name) for name in ("torch", "paddle"))
    code = {name: "\n".join(c.source for c in nb.cells) for name, nb in (("torch", torch), ("paddle", paddle))}
    assert "import torch" in code["torch"] and "import paddle" not in code["torch"]
    assert "import paddle" in code["paddle"] and "import torch" not in code["paddle"]
    assert "Torch says this." in code["torch"] and "Torch says this." not in code["paddle"]
    assert "import numpy" in code["torch"] and "import numpy" in code["paddle"]
    nbformat.validate(torch)


def test_volatile_cells_are_ignored_by_nbval_and_others_are_not(sources):
    notebook = split(read(sources), "torch")
    ignored = ["nbval-ignore-output" in cell.metadata.get("tags", []) for cell in notebook.cells]
    assert [cell.source.split("\n")[0] for cell, yes in zip(notebook.cells, ignored, strict=True) if yes] == [
        "import time",
        "parity.report(logits=x.numpy(), loss=1.5)",
    ]


def test_hash_changes_with_code_and_not_with_text(sources):
    before = code_hash(split(read(sources), "torch").cells)
    assert code_hash(split(read(sources, "Text first", "Other text"), "torch").cells) == before
    assert code_hash(split(read(sources, "torch.arange(3.)", "torch.arange(4.)"), "torch").cells) != before
    # Only the framework whose code changed is stale.
    paddle = code_hash(split(read(sources), "paddle").cells)
    assert code_hash(split(read(sources, "torch.arange(3.)", "torch.arange(4.)"), "paddle").cells) == paddle


def test_cell_ids_are_unique_and_survive_an_insertion(sources):
    before = [cell.id for cell in split(read(sources), "torch").cells]
    after = [cell.id for cell in split(read(sources, "## Setup", "## New\n\n+++\n\n## Setup"), "torch").cells]
    assert len(set(before)) == len(before)
    assert len(set(before) & set(after)) >= len(before) - 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (":tags: [paddle]", ":tags: [padle]", ["demo/tiny", 'cell 3 "import paddle"', "'padle'", "torch or paddle"]),
        (":tags: [paddle]", ":tags: [torch, paddle]", ["demo/tiny", "cell 3", "both"]),
        ("  minutes: 3\n", "", ["demo/tiny", "front matter", "minutes"]),
        ("  minutes: 3\n", "  minutes: soon\n", ["demo/tiny", "front matter", "minutes", "int"]),
        ("  minutes: 3\n", "  minutes: 3\n  level: easy\n", ["demo/tiny", "unknown key `level`"]),
        ("objectives: [see it, do it]", "objectives: [see it]", ["demo/tiny", "2 to 4 objectives, not 1"]),
        ("objectives: [see it, do it]", "objectives: [see it, do: it]", ["demo/tiny", "objectives", "quotes"]),
        ("lesson:\n", "lesson: [\n", ["demo/tiny", "not a MyST Markdown notebook"]),
    ],
)
def test_a_wrong_source_gives_one_clear_line(sources, old, new, words):
    with pytest.raises(LessonError) as caught:
        read(sources, old, new)
    message = str(caught.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == []


def test_an_unknown_prerequisite_is_named(sources):
    read(sources, "prerequisites: []", "prerequisites: [demo/gone]")
    with pytest.raises(LessonError, match="demo/tiny.*unknown prerequisite 'demo/gone'"):
        read_lessons(sources)


def test_a_lesson_missing_from_the_toc_is_named_with_the_line_to_add(sources, tmp_path):
    toc = tmp_path / "_toc.yml"
    toc.write_text("root: book/index\nchapters:\n- file: book/demo/tiny-other\n")
    with pytest.raises(LessonError, match="demo/tiny: missing from _toc.yml; add the line `- file: book/demo/tiny`"):
        in_book_order(read_lessons(sources), toc)


def test_lessons_come_in_the_order_of_the_book(sources, tmp_path):
    (sources / "demo" / "another.md").write_text(LESSON, encoding="utf-8")
    toc = tmp_path / "_toc.yml"
    toc.write_text("root: book/index\nchapters:\n- file: book/demo/tiny\n- file: book/demo/another\n")
    assert list(read_lessons(sources)) == ["demo/another", "demo/tiny"]
    assert list(in_book_order(read_lessons(sources), toc)) == ["demo/tiny", "demo/another"]


def test_plain_markdown_for_readers_without_myst():
    text = (
        ":::{admonition} A note\n:class: frameworks\nThey differ.\n:::\n\n"
        ":::{exercise} Try it\n:label: ex-1\nReturn 3.\n:::\n\n"
        "See {cite:p}`lecun1998` and [LeNet](../cnn/lenet.md#train) and {ref}`this <label>`."
    )
    plain = to_plain(text, "paddle")
    assert "> **A note**\n>\n> They differ." in plain
    assert "**Exercise. Try it**\n\nReturn 3." in plain
    assert "[lecun1998]" in plain and "(../cnn/lenet.paddle.ipynb#train)" in plain and "and this." in plain
    assert ":::" not in plain and "{" not in plain
    assert to_page("[LeNet](../cnn/lenet.md)") == "[LeNet](../cnn/lenet.ipynb)"
    assert to_page(":::{admonition} Answer\n:class: dropdown\n42\n:::") == ":::{dropdown} Answer\n42\n:::"


def executed(*outputs, tags=()):
    cell = nbformat.v4.new_code_cell("x", outputs=list(outputs), metadata={"tags": list(tags)})
    return nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {"state": 1}})


def stream(text, name="stdout"):
    return nbformat.v4.new_output("stream", text=text, name=name)


def test_normalised_outputs_hold_nothing_of_the_run():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "<A at 0x7f3a12345678>"}
    notebook = executed(stream("a"), stream("b"), nbformat.v4.new_output("display_data", data=view))
    normalise(notebook)
    outputs = notebook.cells[0].outputs
    assert [output.output_type for output in outputs] == ["stream", "display_data"]
    assert outputs[0].text == "ab"
    assert outputs[1].data == {"text/plain": "<A at 0x…>"}
    assert "widgets" not in notebook.metadata


def test_a_second_run_keeps_recorded_numbers_of_volatile_cells_only():
    volatile, plain = executed(stream("2 s"), tags=["volatile"]), executed(stream("new"))
    keep_recorded(volatile, executed(stream("1 s"), tags=["volatile"]))
    keep_recorded(plain, executed(stream("old")))
    assert volatile.cells[0].outputs[0].text == "1 s"
    assert plain.cells[0].outputs[0].text == "new"


def test_figures_take_the_colours_of_the_page_and_do_not_share_ids():
    svg = '<svg width="10pt" height="5pt"><path id="a" fill="#1b1f27"/><use xlink:href="#a" stroke="#0072b2"/></svg>'
    element = figure_element(svg, 'a "small" figure')
    assert 'fill="var(--ink)"' in element and 'stroke="var(--c0)"' in element
    assert 'aria-label="a &quot;small&quot; figure"' in element
    assert 'id="a"' not in element and 'href="#a"' not in element
    assert figure_element(svg.replace("10pt", "11pt"), "other").count("f") and element != figure_element(svg, "other")


@pytest.mark.parametrize(
    "esm",
    ["const a = 1;", "import x from 'y';\nexport default {};", "export const a = 1;\nexport default {};"],
)
def test_a_widget_that_cannot_be_a_plain_script_is_refused(esm):
    with pytest.raises(ValueError, match="^name-1: a widget's script"):
        classic_script(esm, "name-1")


def test_classic_script_registers_the_widget():
    script = classic_script("const a = 1;\nexport default { render() {} };", "name-1")
    assert '(globalThis.lessonWidgets ??= {})["name-1"] = { render() {} };' in script
    assert "export" not in script
