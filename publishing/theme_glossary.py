"""The glossary page, made from book/glossary.yml by the directive ``glossary-table``."""

from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FIELDS = {"term", "chinese", "meaning", "lesson"}


def read_glossary(path: Path) -> list[dict[str, str]]:
    """Entries in alphabetical order.

    Raises
    ------
    ValueError
        If an entry lacks a field, has one too many, or a term stands there twice.
    """
    entries: list[dict[str, str]] = yaml.safe_load(path.read_text("utf-8"))
    for entry in entries:
        if set(entry) != FIELDS:
            raise ValueError(f"{path.name}: {entry.get('term', entry)} needs exactly {', '.join(sorted(FIELDS))}")
    terms = [entry["term"].casefold() for entry in entries]
    twice = {term for term in terms if terms.count(term) > 1}
    if twice:
        raise ValueError(f"{path.name}: {', '.join(sorted(twice))} more than once")
    return sorted(entries, key=lambda entry: entry["term"].casefold())


class GlossaryTable(SphinxDirective):
    """A definition list: term, Chinese term, one sentence, the lesson that introduces it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Read the table named by the argument."""
        relative, absolute = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(relative)
        try:
            entries = read_glossary(Path(absolute))
        except ValueError as error:
            raise self.error(str(error)) from error
        lines: list[str] = []
        for entry in entries:
            slug = nodes.make_id(f"term {entry['term']}")
            title = f"[{entry['term']}]{{#{slug}}} [{entry['chinese']}]{{lang=zh-Hans .chinese}}"
            lines += [title, f": {entry['meaning']} {self._link(entry['lesson'])}", ""]
        box = nodes.container(classes=["glossary-table"])
        self.state.nested_parse(StringList(lines, absolute), 0, box)
        return [box]

    def _link(self, lesson: str) -> str:
        return f"[](/book/{lesson})" if f"book/{lesson}" in self.env.found_docs else ""


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("glossary-table", GlossaryTable)
    return {"parallel_read_safe": True}
