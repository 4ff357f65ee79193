"""Markers that follow from what a test uses."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for the browser is a browser test, wherever it stands."""
    for item in items:
        if {"browser", "chromium"} & set(getattr(item, "fixturenames", [])):
            item.add_marker(pytest.mark.browser)
