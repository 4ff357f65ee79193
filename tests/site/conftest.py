"""The built site, a server for it, and what was found on each of its pages."""

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.site.survey import Reading, read
from tests.site.visit import Site

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def folder() -> Path:
    """Where the site was built: ``_build/html``, or what SITE names."""
    path = Path(os.environ.get("SITE", ROOT / "_build" / "html"))
    if not (path / "index.html").exists():
        pytest.fail(f"there is no site in {path}; run `make book` first", pytrace=False)
    return path


@pytest.fixture(scope="session")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server that has the site at its root and, as GitHub Pages would, below ``/fork/book``."""
    top = tmp_path_factory.mktemp("server")
    for path in folder.iterdir():
        (top / path.name).symlink_to(path)
    (top / "fork").mkdir()
    (top / "fork" / "book").symlink_to(folder)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    handler = functools.partial(Handler, directory=str(top))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as instance:
        threading.Thread(target=instance.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{instance.server_port}/"
        instance.shutdown()


@pytest.fixture(scope="session")
def site(folder: Path, server: str, browser: Browser) -> Site:
    """The built site, served."""
    return Site(folder, server, browser)


@pytest.fixture(scope="session")
def survey(site: Site) -> dict[str, Reading]:
    """What was found on each page, each opened once."""
    return {page: read(site, page) for page in site.pages}
