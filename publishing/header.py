"""The box at the head of a lesson's page: what for, what first, and how its numbers came about."""

from urllib.parse import quote

from publishing.launch import colab_folder
from publishing.lesson import FRAMEWORKS, ROOT, Lesson
from publishing.theme import repository_url


def header(lesson: Lesson, lessons: dict[str, Lesson], runs: dict) -> str:
    """The head of a page in MyST Markdown.

    Parameters
    ----------
    lesson : Lesson
    lessons : dict of str to Lesson
        For the titles of the prerequisites.
    runs : dict
        Contents of ``book/runs.json``.

    Returns
    -------
    str
    """
    objectives = "\n".join(f"- {objective}" for objective in lesson.objectives)
    facts = [f"{lesson.minutes} minutes"]
    if lesson.prerequisites:
        up = "../" * lesson.id.count("/")
        first = ", ".join(f"[{lessons[needed].title}]({up}{needed}.ipynb)" for needed in lesson.prerequisites)
        facts.append(f"builds on {first}")
    lines = [
        ":::{admonition} After this lesson you can", ":class: lesson-header", "", objectives, "",
        " · ".join(facts), "", _notebook_links(lesson), ":::", "", _provenance(lesson, runs),
    ]  # fmt: skip
    return "\n".join(lines)


def _notebook_links(lesson: Lesson) -> str:
    stem = lesson.id.rsplit("/", 1)[-1]
    downloads = " · ".join(
        f"{{download}}`{name} notebook <{stem}.{framework}.ipynb>`" for framework, name in FRAMEWORKS.items()
    )
    url = repository_url(ROOT) or ""
    if "//github.com/" not in url:  # Colab opens notebooks of GitHub only
        return downloads
    base = f"{colab_folder(url)}/{quote(lesson.id)}"
    colab = " · ".join(f"[{name} in Colab]({base}.{framework}.ipynb)" for framework, name in FRAMEWORKS.items())
    return f"{downloads} · {colab}"


def _provenance(lesson: Lesson, runs: dict) -> str:
    rows = "\n".join(
        f"| {name} | {run['seconds']:.1f} s | {run['framework']}, NumPy {run['numpy']}, "
        f"Python {run['python']} | {run['date']} | {run['processor']} |"
        for framework, name in FRAMEWORKS.items()
        if (run := runs.get(lesson.id, {}).get(framework))
    )
    return (
        ":::{dropdown} How the numbers on this page came about\n:class-container: provenance\n\n"
        "Every output below was printed by these two runs, and the tests repeat them.\n\n"
        f"| Notebook | Run time | Versions | Date | Processor |\n|---|---|---|---|---|\n{rows}\n:::"
    )
