"""Build the site beside the old one and put it in place only when it is whole."""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from publishing.lesson import ROOT

BUILD = ROOT / "_build"
SITE = BUILD / "html"
STAGE = BUILD / "stage"
FINGERPRINT = BUILD / "fingerprint"
INPUTS = ["_config.yml", "_toc.yml", "requirements.txt", "book", "assets", "publishing", "lessons_src", "lesson_utils"]
CODE = ["_config.yml", "requirements.txt", "publishing"]
COLOR = re.compile(r"\x1b\[[0-9;]*m")
GENERATED = {"node_modules", "__pycache__", ".ipynb_checkpoints"}


class SiteError(Exception):
    """The site could not be built; the previous one is still in place."""


def build_site() -> bool:
    """Build the site if anything it is made from has changed.

    Returns
    -------
    bool
        Whether there was something to build.

    Raises
    ------
    SiteError
        With Sphinx's warnings and errors. ``_build/html`` is then as it was.
    """
    now = fingerprint(INPUTS)
    if SITE.exists() and FINGERPRINT.exists() and FINGERPRINT.read_text() == now:
        return False
    code = fingerprint(CODE)
    if (STAGE / "code").exists() and (STAGE / "code").read_text() != code:
        shutil.rmtree(STAGE)  # Sphinx notices changed pages, not changed extensions
    command = [
        sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(ROOT),
        "--path-output", str(STAGE), "-W", "-n", "--keep-going", "-q",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    built = STAGE / "_build" / "html"
    if done.returncode or not (built / "index.html").exists():
        # A half-built stage would hide its warnings from the next run.
        shutil.rmtree(STAGE, ignore_errors=True)
        raise SiteError(_reason(done.stdout + done.stderr))
    _put_in_place(built)
    (STAGE / "code").write_text(code)
    FINGERPRINT.write_text(fingerprint(INPUTS))
    return True


def fingerprint(names: list[str]) -> str:
    """Hash of the contents of files and folders; what they generate does not count."""
    digest = hashlib.sha256()
    for path in _files(names):
        digest.update(f"{path.relative_to(ROOT)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(names: list[str]) -> Iterator[Path]:
    for name in names:
        top = ROOT / name
        files = [top] if top.is_file() else sorted(top.rglob("*"))
        for path in files:
            if path.is_file() and not GENERATED & set(path.relative_to(ROOT).parts):
                yield path


def _put_in_place(built: Path) -> None:
    """Replace the site by two renames, so that a reader never meets half of it."""
    fresh, old = BUILD / "html.new", BUILD / "html.old"
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.copytree(built, fresh)
    if SITE.exists():
        SITE.rename(old)
    fresh.rename(SITE)
    shutil.rmtree(old, ignore_errors=True)


def _reason(log: str) -> str:
    """The lines of Sphinx's log that say what is wrong."""
    lines = [line.strip() for line in COLOR.sub("", log).splitlines()]
    telling = [line for line in lines if "WARNING:" in line or "ERROR:" in line or "Error:" in line]
    return "\n".join(dict.fromkeys(telling)) or log.strip()[-2000:] or "Sphinx gave no reason"
