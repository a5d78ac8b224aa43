"""The typed commands on the real program."""

from __future__ import annotations

from tests.audacity.desk import RunningAudacity


def test_empty_project(audacity: RunningAudacity) -> None:
    client = audacity.client
    assert client.tracks() == []
    assert client.version >= (3, 2, 0)
    assert client.can("GetInfo", "Type", "Clips")
    assert not client.can("GetInfo", "Type", "Bogus")
    assert not client.can("Bogus")
