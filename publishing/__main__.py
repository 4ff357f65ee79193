"""Command line: ``python -m publishing VERB``. The Makefile is a thin face of it."""

import argparse
import functools
import http.server
import json
import shutil
import subprocess
import sys
import webbrowser
from pathlib import Path

from publishing.lesson import ROOT, Lesson, LessonError, in_book_order, read_lessons
from publishing.new import new_lesson
from publishing.site import BUILD, SITE, SiteError, build_site


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (LessonError, SiteError) as error:
        print(f"error: {error}", file=sys.stderr)
        if SITE.exists():
            print("The previous site is still in _build/html.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def book(options: argparse.Namespace) -> None:
    """Execute what is stale, build the site, print its address."""
    _execute(_lessons())
    changed = build_site()
    state = "built" if changed else "up to date"
    print(f"The site is {state}: {(SITE / 'index.html').as_uri()}\n`make serve` opens it in a browser.")


def check(options: argparse.Namespace) -> None:
    """Check the sources without running them, and say what is stale."""
    from publishing.execute import is_stale
    from publishing.lesson import FRAMEWORKS

    lessons = _chosen(options)
    stale = [f"{one.id} ({name})" for one in lessons.values() for name in FRAMEWORKS if is_stale(one, name)]
    if stale:
        raise LessonError(f"stale, run `make book`: {', '.join(stale)}")
    print(f"{len(lessons)} lessons, nothing stale")


def execute(options: argparse.Namespace) -> None:
    """Execute lessons again although their code has not changed."""
    _execute(_chosen(options), force=True, record=options.record)


def new(options: argparse.Namespace) -> None:
    """Write a new lesson that runs as it stands, and put it into the table of contents."""
    path = new_lesson(options.lesson)
    print(f"{path.relative_to(ROOT)} is written; `make lesson L={options.lesson}` runs it and builds the page")


def colab(options: argparse.Namespace) -> None:
    """Write the notebooks that Colab opens: with a cell that installs the course's package there."""
    from publishing.launch import BRANCH, FOLDER, write_colab  # nbclient takes a while to import

    write_colab(_lessons())
    print(f"{FOLDER.relative_to(ROOT)} is the content of the branch `{BRANCH}`")


def serve(options: argparse.Namespace) -> None:
    """Serve the built site on this machine and open it."""
    if not SITE.exists():
        raise SiteError("there is no site yet; run `make book`")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", options.port), handler) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        print(f"{address}  (Ctrl-C stops)", flush=True)
        webbrowser.open(address)
        server.serve_forever()


def lab(options: argparse.Namespace) -> None:
    """Start JupyterLab; a lesson opened from lessons_src is paired with its text file."""
    settings = Path(sys.prefix, "share", "jupyter", "lab", "settings", "overrides.json")
    settings.parent.mkdir(parents=True, exist_ok=True)
    viewers = {"@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Jupytext Notebook"}}}
    settings.write_text(json.dumps(viewers))
    raise SystemExit(subprocess.call([sys.executable, "-m", "jupyterlab", str(ROOT)]))


def clean(options: argparse.Namespace) -> None:
    """Remove what can be made again."""
    for folder in (SITE, BUILD / "stage", BUILD / "html.new", BUILD / "html.old"):
        shutil.rmtree(folder, ignore_errors=True)
    (BUILD / "fingerprint").unlink(missing_ok=True)


def _lessons() -> dict[str, Lesson]:
    return in_book_order(read_lessons())


def _chosen(options: argparse.Namespace) -> dict[str, Lesson]:
    lessons = _lessons()
    unknown = [lesson_id for lesson_id in options.lessons if lesson_id not in lessons]
    if unknown:
        raise LessonError(f"{unknown[0]}: no such lesson; there are {', '.join(lessons)}")
    return {lesson_id: lessons[lesson_id] for lesson_id in options.lessons or lessons}


def _execute(lessons: dict[str, Lesson], **how: bool) -> None:
    from publishing.execute import bring_up_to_date  # nbclient takes a while to import

    for name in bring_up_to_date(lessons, **how):
        print(f"executed {name}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m publishing", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for function in (book, check, execute, new, colab, serve, lab, clean):
        verb = verbs.add_parser(function.__name__, help=function.__doc__)
        verb.set_defaults(run=function)
        if function in (check, execute):
            verb.add_argument("lessons", nargs="*", help="lesson ids such as cnn/lenet; all by default")
        if function is execute:
            verb.add_argument("--record", action="store_true", help="also record volatile outputs and run times anew")
        if function is new:
            verb.add_argument("lesson", help="chapter/name, such as cnn/lenet")
        if function is serve:
            verb.add_argument("--port", type=int, default=8000, help="0 picks a free one")
    return parser


if __name__ == "__main__":
    sys.exit(main())
