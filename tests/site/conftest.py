"""The built site, a server for it, and a browser that reaches nothing else."""

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Visit:
    """What happened while a page was open."""

    page: Page
    trouble: list[str] = field(default_factory=list)


class Site:
    """The pages of a built site and ways to open them."""

    def __init__(self, folder: Path, address: str, browser: Browser) -> None:
        self.folder = folder
        self.address = address
        self.browser = browser
        self.pages = sorted(
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*.html")
            if not {"_static", "_downloads"} & set(path.parts)
        )
        self.lessons = [page for page in self.pages if page.count("/") == 2 and not page.endswith("/index.html")]

    @contextmanager
    def visit(self, address: str, width: int = 1280, **options: Any) -> Iterator[Visit]:
        """Open an address in a context of its own, where every other host is blocked."""
        origin = address.split("/", 3)[2]
        context = self.browser.new_context(viewport={"width": width, "height": 900}, **options)
        visit = Visit(context.new_page())

        def only_ours(route: Any) -> None:
            url = route.request.url
            if url.startswith(("data:", "blob:")) or url.split("/", 3)[2] == origin:
                route.continue_()
            else:
                visit.trouble.append(f"asks for {url}")
                route.abort()

        context.route("**/*", only_ours)
        page = visit.page
        page.on("pageerror", lambda error: visit.trouble.append(f"raises {error}"))
        page.on("requestfailed", lambda request: visit.trouble.append(f"does not get {request.url}"))
        page.on("console", lambda line: line.type in ("error", "warning") and visit.trouble.append(line.text))
        page.goto(address, wait_until="load")
        try:
            yield visit
        finally:
            context.close()


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
