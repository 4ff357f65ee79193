"""The whole way on a small book: what is executed when, what stops it, what is left standing."""

import json
import re
import time

import pytest

pytestmark = pytest.mark.slow


def test_the_page_has_both_frameworks_in_tabs(built):
    html = built.page.read_text(encoding="utf-8")
    assert re.search(r'<label[^>]*data-sync-id="torch"[^>]*>\s*PyTorch', html)
    assert re.search(r'<label[^>]*data-sync-id="paddle"[^>]*>\s*PaddlePaddle', html)
    assert "tensor([0., 1., 2.])" in html and "Tensor(shape=[3]" in html
    assert "Torch says this." in html and "Paddle says that." in html


def test_the_page_says_what_was_measured(built):
    html = built.page.read_text(encoding="utf-8")
    assert "Largest relative difference between the two frameworks: logits 0.0e+00, loss 0.0e+00." in html
    run = json.loads((built.root / "book" / "runs.json").read_text())["demo/tiny"]["torch"]
    assert f"{run['seconds']:.1f} s" in html and run["framework"] in html


def test_the_page_shows_the_figure_inline_with_its_alternative_text(built):
    html = built.page.read_text(encoding="utf-8")
    assert re.search(r'<svg[^>]*role="img"[^>]*aria-label="a straight line rising from 1 to 3"', html)


def test_nothing_is_done_twice(copy_of_built):
    before = {name: copy_of_built.notebook(name).read_bytes() for name in ("torch", "paddle")}
    done = copy_of_built.run("book")
    assert done.returncode == 0 and "executing" not in done.stdout and "up to date" in done.stdout
    assert before == {name: copy_of_built.notebook(name).read_bytes() for name in before}


def test_text_needs_no_run_and_reaches_page_and_notebooks(copy_of_built):
    copy_of_built.edit("Text first", "Words first")
    start = time.perf_counter()
    done = copy_of_built.run("book")
    assert done.returncode == 0 and "executing" not in done.stdout
    assert time.perf_counter() - start < 60  # a bound against hanging; the real time is measured on a quiet machine
    assert "Words first" in copy_of_built.page.read_text(encoding="utf-8")
    assert "Words first" in copy_of_built.notebook("paddle").read_text(encoding="utf-8")


def test_only_the_changed_framework_is_executed(copy_of_built):
    record = copy_of_built.root / "book" / "runs.json"
    record.write_text(re.sub(r"20\d\d-\d\d-\d\d", "2000-01-01", record.read_text()))
    copy_of_built.edit("torch.arange(3.)", "torch.arange(3.) * 1")
    done = copy_of_built.run("book")
    assert done.returncode == 0
    assert "executing demo/tiny (torch)" in done.stdout and "(paddle)" not in done.stdout
    runs = json.loads(record.read_text())["demo/tiny"]
    assert runs["paddle"]["date"] == "2000-01-01" and runs["torch"]["date"] > "2000-01-01"


def test_executing_again_changes_no_byte(copy_of_built):
    files = [copy_of_built.notebook("torch"), copy_of_built.notebook("paddle"), copy_of_built.root / "book/runs.json"]
    before = [file.read_bytes() for file in files]
    done = copy_of_built.run("execute")
    assert done.returncode == 0 and done.stdout.count("executing") == 2
    assert [file.read_bytes() for file in files] == before


def test_recording_one_lesson_keeps_the_record_of_the_others(copy_of_built):
    record = copy_of_built.root / "book" / "runs.json"
    runs = json.loads(record.read_text())
    (copy_of_built.root / "lessons_src" / "demo" / "other.md").write_text(copy_of_built.lesson.read_text())
    with (copy_of_built.root / "_toc.yml").open("a") as toc:
        toc.write("  - file: book/demo/other\n")
    record.write_text(json.dumps(runs | {"demo/other": runs["demo/tiny"], "demo/gone": runs["demo/tiny"]}))
    done = copy_of_built.run("execute", "--record", "demo/tiny")
    assert done.returncode == 0, done.stderr
    assert set(json.loads(record.read_text())) == {"demo/tiny", "demo/other"}


def break_cell(project):
    project.edit("x = paddle.arange(3.)", "x = paddle.arange(3.)\nraise ValueError('too\\nbad')")


def break_tag(project):
    project.edit(":tags: [paddle]", ":tags: [padle]")


def break_prerequisite(project):
    project.edit("prerequisites: []", "prerequisites: [demo/gone]")


def break_toc(project):
    toc = project.root / "_toc.yml"
    toc.write_text(toc.read_text().replace("  - file: book/demo/tiny\n", "  - file: book/other\n"))


def break_link(project):
    project.edit("Text first", "[nowhere](gone.md)")


def break_kernel(project):
    project.edit("x = torch.arange(3.)", "import os\nos._exit(1)\nx = torch.arange(3.)")


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (break_cell, ["demo/tiny (paddle)", 'cell 2 "import paddle"', "ValueError: too"]),
        (break_tag, ["demo/tiny", "cell 3", "unknown tag 'padle'"]),
        (break_prerequisite, ["demo/tiny", "unknown prerequisite 'demo/gone'"]),
        (break_toc, ["demo/tiny", "missing from _toc.yml"]),
        (break_link, ["demo/tiny", "gone"]),
        (break_kernel, ["demo/tiny (torch)", "the kernel died"]),
    ],
)
def test_a_mistake_stops_the_book_and_leaves_the_site(copy_of_built, break_it, words):
    page = copy_of_built.page.read_text(encoding="utf-8")
    break_it(copy_of_built)
    done = copy_of_built.run("book")
    assert done.returncode != 0
    first_line = done.stderr.splitlines()[0]
    assert first_line.startswith("error: ") and [word for word in words if word not in first_line] == [], done.stderr
    assert "Traceback" not in done.stderr
    assert copy_of_built.page.read_text(encoding="utf-8") == page
    again = copy_of_built.run("book")
    assert again.returncode != 0, "the mistake must not be forgotten by the second run"


def test_a_stale_notebook_is_named(copy_of_built):
    copy_of_built.edit("torch.arange(3.)", "torch.arange(3.) * 1")
    done = copy_of_built.run("check")
    assert done.returncode != 0
    assert done.stderr.startswith("error: stale, run `make book`: demo/tiny (torch)")


def test_an_unknown_lesson_is_named(copy_of_built):
    done = copy_of_built.run("execute", "demo/tine")
    assert done.returncode != 0 and "demo/tine: no such lesson; there are demo/tiny" in done.stderr


def test_serve_says_what_to_do_without_a_site(project):
    done = project.run("serve")
    assert done.returncode != 0 and "run `make book`" in done.stderr
