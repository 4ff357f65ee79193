"""The helpers' own tests, which run under Node."""

from __future__ import annotations

import subprocess

from .harness import JS


def test_helpers_pass_under_node() -> None:
    command = ["node", "--test", *map(str, sorted(JS.glob("*.test.mjs")))]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout
