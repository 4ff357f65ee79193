"""Find a Chromium and start it; whoever has none is told how to get one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
PLACES = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
]
# To this browser there is no other host than this machine.
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
FLAGS = ["--no-sandbox", "--disable-background-networking", ALONE]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium, closed at the end."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


class NoBrowserError(Exception):
    """There is no Chromium on this machine and none could be installed."""


def launch(playwright: Playwright) -> Browser:
    """Start a headless Chromium: Playwright's own, else one of the system, else one installed from apt.

    Raises
    ------
    NoBrowserError
        If there is none; the message says how to get one.
    """
    own = Path(playwright.chromium.executable_path)
    path = str(own) if own.exists() else find() or install()
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


def find() -> str | None:
    """Path of an installed Chromium or Chrome."""
    found = (shutil.which(name) for name in NAMES)
    return next((path for path in found if path), None) or next((path for path in PLACES if Path(path).exists()), None)


def install() -> str:
    """Install Debian's or Ubuntu's Chromium, which takes root; returns its path."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", "chromium"]):
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        path = find()
        if path:
            return path
    raise NoBrowserError(
        "the browser tests need Chromium or Chrome: run `playwright install chromium`, "
        "or install it with the system's package manager"
    )
