"""What every lesson has to keep; a new lesson is checked without a line added here."""

import json
import re

import pytest

from lesson_utils.parity import compare
from publishing.execute import RUNS, is_stale, read, refresh
from publishing.lesson import FRAMEWORKS, framework_of, in_book_order, read_lessons, tags
from publishing.weave import parity_reports

LESSONS = read_lessons()
BUDGET = {"torch": 45.0, "paddle": 90.0}  # seconds on one core
EACH = pytest.mark.parametrize("lesson", LESSONS.values(), ids=list(LESSONS))
BOTH = pytest.mark.parametrize("framework", FRAMEWORKS)


def code_cells(lesson, framework):
    return [cell for cell in read(lesson.notebook(framework)).cells if cell.cell_type == "code"]


def printed(cell):
    """All text that a cell's outputs hold."""
    parts = []
    for output in cell.outputs:
        parts.append(output.get("text", ""))
        parts += [value for mime, value in output.get("data", {}).items() if mime.startswith("text/")]
    return "\n".join(parts)


def test_every_lesson_is_in_the_table_of_contents():
    assert LESSONS, "no lessons found"
    in_book_order(LESSONS)


@BOTH
@EACH
def test_notebook_is_executed_and_not_stale(lesson, framework):
    path = lesson.notebook(framework)
    assert path.exists(), f"{path.name} is missing; run `make book`"
    assert not is_stale(lesson, framework), "the code has changed since the run; run `make book`"
    assert read(path) == refresh(lesson, framework), "the text has changed since; run `make book`"
    counts = [cell.execution_count for cell in code_cells(lesson, framework)]
    assert counts == list(range(1, len(counts) + 1))


@BOTH
@EACH
def test_no_output_is_an_error_or_a_warning(lesson, framework):
    for cell in code_cells(lesson, framework):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", f"{cell.source}\nwrote to stderr: {output.text}"


@BOTH
@EACH
def test_outputs_point_nowhere_else(lesson, framework):
    for cell in code_cells(lesson, framework):
        for output in cell.outputs:
            for mime, value in output.get("data", {}).items():
                text = value if isinstance(value, str) else json.dumps(value)
                fetched = re.findall(r"""(?:src|href|url\()\s*=?\s*["']?((?:https?:)?//[^"'\s)]+)""", text)
                assert not fetched, f"{mime} of a cell would fetch {fetched}"


@BOTH
@EACH
def test_a_figure_has_alternative_text(lesson, framework):
    for cell in code_cells(lesson, framework):
        for output in cell.outputs:
            data = output.get("data", {})
            assert "image/png" not in data, f"show this figure with plots.show(fig, alt=…):\n{cell.source}"
            if "image/svg+xml" in data:
                assert len(data.get("text/plain", "")) >= 15, cell.source


@EACH
def test_front_matter_says_what_the_lesson_is_for(lesson):
    assert 2 <= len(lesson.objectives) <= 4
    assert len(set(lesson.objectives)) == len(lesson.objectives)
    assert 3 <= lesson.minutes <= 60
    assert not any(cell.source.startswith("# ") for cell in lesson.cells if cell.cell_type == "markdown")


@EACH
def test_cells_are_short(lesson):
    for cell in lesson.cells:
        if cell.cell_type == "code":
            lines = cell.source.strip().count("\n") + 1
            limit = 30 if {"hide-input", "solution"} & set(tags(cell)) else 18
            assert lines <= limit, f"{lines} lines:\n{cell.source}"


@EACH
def test_no_cell_hushes_its_value(lesson):
    """A semicolon silences a value only in a session that keeps its history, and nbval keeps none."""
    for cell in lesson.cells:
        assert cell.cell_type != "code" or not cell.source.rstrip().endswith(";"), cell.source


@BOTH
@EACH
def test_exercises_fail_before_and_pass_after_their_solution(lesson, framework):
    state, solved = None, 0
    for cell in code_cells(lesson, framework):
        found = set(tags(cell))
        if "stub" in found:
            state = "stub"
        elif "solution" in found:
            state = "solution"
        elif "check" in found:
            text = printed(cell)
            assert state is not None, f"a check without a stub before it:\n{cell.source}"
            assert ("not yet" in text) == (state == "stub"), f"after the {state}: {text}"
            assert ("passed" in text) == (state == "solution"), f"after the {state}: {text}"
            solved += state == "solution"
    assert solved >= 2, f"{solved} exercises with a checker and a solution; a lesson has at least two"


@EACH
def test_exercises_have_a_text(lesson):
    text = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    labels = re.findall(r"\{exercise\}[^\n]*\n:label: (\S+)", text)
    assert 3 <= len(labels) <= 6, labels
    chapter, name = lesson.id.split("/")  # with the chapter where two lessons have one name
    prefixes = [f"ex-{name}-"]
    if sum(other.endswith(f"/{name}") for other in LESSONS) > 1:
        prefixes.append(f"ex-{chapter}-{name}-")
    assert all(label.startswith(tuple(prefixes)) for label in labels), labels


@BOTH
@EACH
def test_volatile_numbers_are_asserted(lesson, framework):
    cells = code_cells(lesson, framework)
    checks = [cell for cell in cells if "checks" in tags(cell)]
    if any("volatile" in tags(cell) for cell in cells):
        assert checks, "volatile numbers, but no `checks` cell that asserts their bands"
    for cell in checks:
        assert "assert " in cell.source and "checks passed" in printed(cell)


@EACH
def test_parity_of_the_two_frameworks(lesson):
    reports = parity_reports(lesson)
    defines_model = any("nn." in cell.source for cell in lesson.cells if framework_of(cell))
    assert reports or not defines_model, "a lesson that defines a model reports parity"
    if reports:
        assert max(compare(reports["torch"], reports["paddle"]).values()) < 1e-4


@BOTH
@EACH
def test_run_time_and_size_are_within_budget(lesson, framework):
    run = json.loads(RUNS.read_text())[lesson.id][framework]
    assert run["seconds"] <= BUDGET[framework]
    assert lesson.notebook(framework).stat().st_size <= 1_000_000
