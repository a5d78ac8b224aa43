"""Every layout, from the action to the inserted items: original and stems null in the witness's ears."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.reaper import Reaper
from tests.lua.layouts import TABLE, Layout
from tests.lua.stage import Outcome, Stage
from tests.witness.reading import Item

VERSIONS = ("lua53", "lua54")
LIMIT = -120.0


@pytest.mark.parametrize("number", range(len(TABLE)), ids=list(TABLE))
def test_layout(number: int, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    found = list(TABLE.values())[number]
    version = VERSIONS[number % 2]
    if "lanes" in list(TABLE)[number]:
        version = "lua54"  # lanes came with REAPER 7
    with Reaper(tmp_path, lua=version) as host:
        stage = Stage(host, tmp_path, dict(found.order))
        found.build(stage)
        sent = {item.guid: item.take.guid for item in host.project.selected_items if item.take is not None}
        outcome = stage.perform(found.jobs)
    outcome.audible = found.audible
    null = outcome.null(list(sent.values()), within=found.rings)
    record_property("null", f"{list(TABLE)[number]}: peak {null.peak:.1f}, rms {null.rms:.1f} dBFS")
    assert null.level > -40
    assert null.offset == 0
    assert null.peak <= LIMIT
    outcome.untouched()
    check_items(found, outcome, [outcome.before.takes()[guid][1] for guid in sent.values()])


def check_items(found: Layout, outcome: Outcome, originals: list[Item]) -> None:
    """Hold every stem's place against the rule of its mode."""
    after = outcome.after.takes()
    rate = outcome.before.rate
    for job in outcome.jobs:
        context = job["host_context"]
        assert context["mode"] == found.mode
    stems = [after[guid][1] for guid in outcome.new]
    assert len(stems) == sum(len(job["stems"]) for job in outcome.jobs)
    for stem in stems:
        if found.mode == "heard":
            start = min(item.position for item in originals)
            assert stem.position * rate == pytest.approx(round(stem.position * rate), abs=1e-6)
            assert stem.length * rate == pytest.approx(round(stem.length * rate), abs=1e-6)
            assert stem.position * rate > math.floor(start * rate + 1e-6) - 1
        else:
            assert (stem.position, stem.length) in {(item.position, item.length) for item in originals}
        if stem.guid not in {item.guid for item in originals}:
            assert stem.timebase == 0
