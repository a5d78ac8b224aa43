"""Programs that some tests need: a missing one is a named skip, and in CI a failure."""

from __future__ import annotations

import os
import shutil

import pytest

MISSING: set[str] = set()
"""Names of what was looked for in vain; `conftest.py` prints them at the end of the run."""


def need(name: str) -> str:
    """Give the path of a program, or skip the test (under CI=true: fail it)."""
    path = shutil.which(name)
    if path is not None:
        return path
    MISSING.add(name)
    reason = f"the program '{name}' is not installed"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{reason}: `make test` should have installed it", pytrace=False)
    pytest.skip(reason)
