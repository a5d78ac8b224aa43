"""Every layout, from the action to the inserted items: original and stems null in the witness's ears."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.reaper import Reaper
from tests.lua.layouts import TABLE, Layout
from tests.lua.stage import Outcome, Stage
from tests.witness.reading import Item

VERSIONS = ("lua53", "lua54")
LIMIT = -120.0


def version_of(name: str) -> str:
    """Alternate between the two; lanes came with REAPER 7."""
    return "lua54" if "lane" in name else VERSIONS[list(TABLE).index(name) % 2]


@pytest.mark.parametrize("name", TABLE)
def test_layout(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    found = TABLE[name]
    if found.model != "repet":
        link_models(request.getfixturevalue("models"), monkeypatch, tmp_path)
    with Reaper(tmp_path, lua=version_of(name)) as host:
        stage = Stage(host, tmp_path, dict(found.order), found.model)
        items = found.build(stage) or host.project.selected_items
        sent = [item.take.guid for item in items if item.take is not None]
        outcome = stage.perform(found.jobs)
    outcome.audible = found.audible
    null = outcome.null(sent, margin=found.margin)
    record_property("null", f"{name}: peak {null.peak:.1f}, rms {null.rms:.1f} dBFS, offset {null.offset}")
    assert null.level > -40
    assert null.offset == 0
    assert null.peak <= LIMIT
    outcome.untouched()
    check_items(found, outcome, [outcome.before.takes()[guid][1] for guid in sent])


def link_models(models: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Give a data folder of this test's own the converted network."""
    home = folder / "home"
    home.mkdir()
    (home / "models").symlink_to(models / "models", target_is_directory=True)
    monkeypatch.setenv("STEMBRIDGE_HOME", str(home))


def check_items(found: Layout, outcome: Outcome, originals: list[Item]) -> None:
    """Hold every stem's place against the rule of its mode."""
    after, rate = outcome.after.takes(), outcome.before.rate
    assert {job["host_context"]["mode"] for job in outcome.jobs} == {found.mode}
    assert {job["model"] for job in outcome.jobs} == {found.model}
    spots = [(item.position, item.length) for item in originals]
    if found.part is not None:
        spots = [(found.part[0], found.part[1] - found.part[0])]
    stems = [after[guid][1] for guid in outcome.new]
    assert len(stems) == sum(len(job["stems"]) for job in outcome.jobs)
    for stem in stems:
        if found.mode == "heard":
            start = min(spot[0] for spot in spots)
            first, frames = stem.position * rate, stem.length * rate
            assert first == pytest.approx(round(first), abs=1e-6)
            assert frames == pytest.approx(round(frames), abs=1e-6)
            assert start * rate - 1 < first + 1e-6
        else:
            grain = 1e-12 if found.part else 0.0
            assert any(
                stem.position == position and abs(stem.length - length) <= grain for position, length in spots
            )
        if stem.guid not in {item.guid for item in originals}:
            assert stem.timebase == 0
