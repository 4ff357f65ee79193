"""The pages of the built site, and ways to open them in a browser that reaches nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Request


@dataclass
class Visit:
    """What happened while a page was open."""

    page: Page
    trouble: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)


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
        """Open an address in a context of its own; the browser itself knows no host but this one."""
        origin = address.split("/", 3)[2]
        context = self.browser.new_context(viewport={"width": width, "height": 900}, **options)
        page = context.new_page()
        visit = Visit(page)

        def asked(request: Request) -> None:
            if not request.url.startswith(("data:", "blob:")) and request.url.split("/", 3)[2] != origin:
                visit.trouble.append(f"asks for {request.url}")

        page.on("request", asked)
        page.on("requestfinished", lambda request: visit.received.append(request.url))
        page.on("pageerror", lambda error: visit.trouble.append(f"raises {error}"))
        page.on("requestfailed", lambda request: visit.trouble.append(f"does not get {request.url}"))
        page.on("console", lambda line: line.type in ("error", "warning") and visit.trouble.append(line.text))
        page.goto(address, wait_until="load")
        try:
            yield visit
        finally:
            context.close()
