"""One browser for all widget tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from .harness import chromium


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium as installed on the machine."""
    with chromium() as instance:
        yield instance
