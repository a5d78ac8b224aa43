"""What `stembridge doctor` says about Audacity."""

from __future__ import annotations

from collections.abc import Iterable

from stembridge.bridge.doctor import Readiness


def rows() -> Iterable[Readiness]:
    """Say whether Audacity is set up."""
    return ()
