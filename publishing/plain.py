"""MyST for the page, plain Markdown for the notebooks.

JupyterLab, Colab and GitHub do not know MyST's directives and roles. In the notebooks that learners open,
a directive becomes a heading or a quotation, a citation its key, and a link leads to the notebook of the
same framework.
"""

import re

DIRECTIVE = re.compile(
    r"^(?P<fence>:{3,}|`{3,})\{(?P<name>[\w-]+)\}[ ]*(?P<title>[^\n]*)\n(?P<body>.*?)^(?P=fence)[ ]*$", re.M | re.S
)
OPTION = re.compile(r"^:[\w-]+:.*\n?", re.M)
CITATION = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")
ROLE = re.compile(r"\{[\w:-]+\}`([^`<]+?)(?:\s*<[^`]*>)?`")
FOLDED = re.compile(r"^(:{3,})\{admonition\}([^\n]*)\n:class: dropdown\n", re.M)
LINK = re.compile(r"(\]\([\w./-]+)\.md(#[\w-]*)?\)")


def to_plain(text: str, framework: str) -> str:
    """Rewrite one Markdown cell for readers that know no MyST.

    Parameters
    ----------
    text : str
        MyST Markdown.
    framework : str
        Links to other lessons lead to their notebook of this framework.

    Returns
    -------
    str
        CommonMark with dollar maths.
    """
    text = DIRECTIVE.sub(_plain_directive, text)
    text = CITATION.sub(lambda found: f"[{found[1]}]", text)
    text = ROLE.sub(r"\1", text)
    text = LINK.sub(rf"\1.{framework}.ipynb\2)", text)
    return re.sub(r"^\([\w-]+\)=\n", "", text, flags=re.M)


def to_page(text: str) -> str:
    """Point links between lessons at their pages, which are notebooks; fold answers.

    An admonition of the class dropdown takes a script of the stock theme; sphinx-design's dropdown folds without.

    Parameters
    ----------
    text : str
        MyST Markdown in which ``cnn/lenet.md`` means a lesson.

    Returns
    -------
    str
    """
    text = FOLDED.sub(r"\1{dropdown}\2\n", text)
    return LINK.sub(r"\1.ipynb\2)", text)


def _plain_directive(found: re.Match) -> str:
    name, title = found["name"], found["title"].strip()
    body = OPTION.sub("", found["body"]).strip()
    if name == "exercise":
        return f"**Exercise. {title}**\n\n{body}" if title else f"**Exercise.** {body}"
    if name == "math":
        return f"$$\n{body}\n$$"
    heading = title or name.capitalize()
    return "\n".join(f"> {line}".rstrip() for line in [f"**{heading}**", "", *body.split("\n")])
