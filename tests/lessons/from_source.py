"""Functions that a lesson writes from scratch, taken out of its source for the oracles."""

from types import SimpleNamespace

from publishing.lesson import SOURCES, framework_of, read_lesson, tags


def functions(lesson_id: str, *names: str, framework: str = "torch", **context: object) -> SimpleNamespace:
    """Run the cells that define the named functions, and nothing else of the lesson."""
    lesson = read_lesson(SOURCES / f"{lesson_id}.md")
    space: dict = dict(context)
    for cell in lesson.cells:
        wanted = any(f"def {name}(" in cell.source for name in names)
        if cell.cell_type == "code" and wanted and framework_of(cell) in (None, framework):
            if "stub" not in tags(cell):
                source = cell.source.split("\n\n\n")  # definitions first; what follows them prints
                exec("\n\n\n".join(part for part in source if part.lstrip().startswith(("def ", "@"))), space)
    return SimpleNamespace(**{name: space[name] for name in names})
