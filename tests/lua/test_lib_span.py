"""span.lua against exact fractions: positions up to ten hours, the usual rates."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lua.pure import VERSIONS, Lua

STATES = {version: Lua(version) for version in VERSIONS}
lua_versions = pytest.mark.parametrize("lua", [STATES[v] for v in VERSIONS], ids=VERSIONS)
many = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))

TEN_HOURS = 36_000
RATES = st.sampled_from([8000, 11025, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000])
SECONDS = st.floats(0, TEN_HOURS) | st.integers(0, TEN_HOURS * 44_100).map(lambda n: n / 44_100)


def nearly(seconds: float, rate: int) -> Fraction:
    """How many frames a double's rounding can be worth at a time."""
    return max(Fraction(1, 10**9), Fraction(seconds) * rate * Fraction(2) ** -49)


@lua_versions
@many
@given(seconds=SECONDS, rate=RATES)
def test_frames_before_and_after_a_time(lua: Lua, seconds: float, rate: int) -> None:
    span = lua.require("span")
    exact = Fraction(seconds) * rate
    before, after = span[b"frame_at_or_before"](seconds, rate), span[b"frame_at_or_after"](seconds, rate)
    assert isinstance(before, int)
    assert isinstance(after, int)
    slack = nearly(seconds, rate)
    assert before - slack <= exact < before + 1
    assert after - 1 < exact <= after + slack
    assert after - before in {0, 1}


@lua_versions
@many
@given(frame=st.integers(0, TEN_HOURS * 8000), rate=RATES)
def test_a_frame_is_found_again_from_its_time(lua: Lua, frame: int, rate: int) -> None:
    span = lua.require("span")
    seconds = span[b"seconds"](frame, rate)
    assert seconds == frame / rate
    assert span[b"frame_at_or_before"](seconds, rate) == frame
    assert span[b"frame_at_or_after"](seconds, rate) == frame
    assert span[b"nearest_frame"](seconds, rate) == frame


@lua_versions
@many
@given(start=SECONDS, length=st.floats(1e-5, 600), rate=RATES)
def test_a_render_begins_at_most_a_sample_early(lua: Lua, start: float, length: float, rate: int) -> None:
    span = lua.require("span")
    first, frames = span[b"project_region"](start, start + length, rate)
    slack = nearly(start + length, rate)
    begin, end = Fraction(start) * rate, Fraction(start + length) * rate
    assert begin - 1 < first <= begin + slack
    assert end - slack <= first + frames < end + 1 + slack


@lua_versions
@many
@given(
    startoffs=st.floats(0, 3600),
    length=st.floats(1e-4, 600),
    playrate=st.floats(0.05, 20),
    rate=RATES,
    total=st.integers(1, 3600 * 192_000),
)
def test_a_source_region_holds_the_item(
    lua: Lua, startoffs: float, length: float, playrate: float, rate: int, total: int
) -> None:
    span = lua.require("span")
    last = span[b"source_time"](startoffs, playrate, length)
    assert math.isclose(last, Fraction(startoffs) + Fraction(length) * Fraction(playrate), rel_tol=1e-15)
    first, frames = span[b"source_region"](startoffs, last, rate, total)
    begin, end = Fraction(startoffs) * rate, Fraction(last) * rate
    if first >= total:
        assert frames == 0
        return
    assert begin - 1 < first <= begin + nearly(startoffs, rate)
    stop = first + frames
    assert stop <= total
    assert stop == total or end - nearly(last, rate) <= stop < end + 1
    offset = span[b"stem_startoffs"](startoffs, first, rate)
    # The stem's take begins inside its first frame: the item's own phase, to a tenth of a nanosecond.
    assert 0 <= offset < 1 / rate + 1e-12
    assert abs(Fraction(first, rate) + Fraction(offset) - Fraction(startoffs)) < Fraction(1, 10**10)


@lua_versions
def test_what_lies_before_or_behind_the_file_is_not_sent(lua: Lua) -> None:
    span = lua.require("span")
    assert span[b"source_region"](-0.5, 0.25, 48000, 96000) == (0, 12000)
    assert span[b"stem_startoffs"](-0.5, 0, 48000) == -0.5
    assert span[b"source_region"](1.5, 9.0, 48000, 96000) == (72000, 24000)
    assert span[b"source_region"](3.0, 4.0, 48000, 96000) == (144000, 0)
    assert span[b"source_region"](-2.0, -1.0, 48000, 96000) == (0, 0)


@lua_versions
@many
@given(
    gaps=st.lists(st.tuples(st.floats(0.01, 5), st.floats(0.01, 5)), min_size=1, max_size=6),
    begin=st.tuples(st.floats(-3, 3), st.floats(0, 10)),
    length=st.floats(0.01, 20),
    playrate=st.sampled_from([0.5, 1.0, 1.25, 2.0]),
)
def test_stretch_markers_are_followed(
    lua: Lua, gaps: list[tuple[float, float]], begin: tuple[float, float], length: float, playrate: float
) -> None:
    markers = [begin]
    for here, there in gaps:
        markers.append((markers[-1][0] + here, markers[-1][1] + there))

    def source(time: Fraction) -> Fraction:
        points = [(Fraction(a), Fraction(b)) for a, b in markers]
        if time <= points[0][0]:
            return points[0][1] + time - points[0][0]
        for (a, b), (c, d) in itertools.pairwise(points):
            if time <= c:
                return b + (time - a) / (c - a) * (d - b)
        return points[-1][1] + time - points[-1][0]

    table = lua.state.table(*[lua.state.table_from({b"pos": a, b"srcpos": b}) for a, b in markers])
    low, high = lua.require("span")[b"stretched"](table, length, playrate)
    assert math.isclose(low, source(Fraction(0)), abs_tol=1e-9)
    assert math.isclose(high, source(Fraction(length) * Fraction(playrate)), abs_tol=1e-9)


@lua_versions
def test_a_marker_that_runs_back_counts(lua: Lua) -> None:
    rows = [(0.0, 1.0), (1.0, 5.0), (2.0, 2.0)]
    table = lua.state.table(*[lua.state.table_from({b"pos": a, b"srcpos": b}) for a, b in rows])
    assert lua.require("span")[b"stretched"](table, 2.0, 1.0) == (1.0, 5.0)


@lua_versions
def test_an_accessor_reads_all_of_an_item(lua: Lua) -> None:
    frames = lua.require("span")[b"item_frames"]
    assert frames(1.0, 44100) == 44100
    assert frames(0.1, 44100) == 4410
    assert frames(1.00001, 44100) == 44101
    assert frames(0, 44100) == 0
