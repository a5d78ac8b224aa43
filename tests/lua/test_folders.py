"""Folder depths against a model of nesting: every small tree, every place, both layouts, both Luas."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

LIB = (
    Path(__file__).parents[2] / "reaper_scripts" / "stembridge_reaper" / "scripts" / "lib" / "folders.lua"
).read_text(encoding="utf-8")


@pytest.fixture(params=["lua53", "lua54"])
def folders(request: pytest.FixtureRequest) -> Any:
    """Give the module itself, in one of REAPER's two Luas."""
    runtime = import_module(f"lupa.{request.param}").LuaRuntime(unpack_returned_tuples=True)
    return runtime, runtime.execute(LIB)


def parents(depths: Sequence[int]) -> list[int | None]:
    """Give each track's folder (its index), as REAPER nests tracks."""
    open_folders: list[int] = []
    found: list[int | None] = []
    for index, depth in enumerate(depths):
        found.append(open_folders[-1] if open_folders else None)
        if depth >= 1:
            open_folders.append(index)
        for _ in range(-depth):
            if open_folders:
                open_folders.pop()
    return found


def descendants(above: Sequence[int | None], index: int) -> int:
    """Give the last track below ``index`` in its tree, or itself."""
    last = index
    for track, parent in enumerate(above):
        while parent is not None and parent != index:
            parent = above[parent]  # noqa: PLW2901 - climbing
        if parent == index:
            last = track
    return last


def trees(most: int) -> Iterator[tuple[int, ...]]:
    """Give every list of depths up to that length, the untidy ones too."""
    for length in range(1, most + 1):
        yield from itertools.product((1, 0, -1, -2), repeat=length)


def tidy(depths: Sequence[int]) -> bool:
    level = 0
    for depth in depths:
        level += depth
        if level < 0:
            return False
    return level == 0


def planned(folders: Any, depths: Sequence[int], index: int, count: int, *, folder: bool) -> list[int]:
    runtime, module = folders
    plan = module.plan(runtime.table(*depths), index + 1, count, folder)
    after = plan["after"]
    whole = list(depths)
    if plan["depth"] is not None:
        whole[after - 1] = plan["depth"]
    return whole[:after] + list(plan["depths"].values()) + whole[after:]


@pytest.mark.parametrize("folder", [False, True])
def test_every_nesting_keeps_its_tree(folders: Any, *, folder: bool) -> None:
    """No track changes its folder, and the new ones lie beside the source, in its folder."""
    tried = 0
    for depths in trees(5):
        above = parents(depths)
        for index, count in itertools.product(range(len(depths)), (1, 3)):
            tried += 1
            got = planned(folders, depths, index, count, folder=folder)
            new = count + folder
            after = descendants(above, index) + 1
            where = [i if i < after else i + new for i in range(len(depths))]
            found = parents(got)
            told = f"{depths} below {index}: {got}"
            assert len(got) == len(depths) + new, told
            for track, parent in enumerate(above):
                assert found[where[track]] == (None if parent is None else where[parent]), told
            home = None if above[index] is None else where[above[index]]  # type: ignore[index]
            beside = [after] if folder else range(after, after + new)
            assert all(found[track] == home for track in beside), told
            if folder:
                assert all(found[track] == after for track in range(after + 1, after + new)), told
                assert got[after] == 1
            if tidy(depths):
                assert tidy(got), told
    assert tried > 5000


def test_new_tracks_behind_everything_stand_on_the_top_level(folders: Any) -> None:
    """A track without a source: the end of the project, whatever is open there."""
    for depths in [(), *trees(4)]:
        for folder in (False, True):
            runtime, module = folders
            plan = module.plan(runtime.table(*depths), 0, 2, folder)
            assert plan["after"] == len(depths)
            whole = list(depths)
            if plan["depth"] is not None:
                whole[-1] = plan["depth"]
            got = whole + list(plan["depths"].values())
            found = parents(got)
            assert found[: len(depths)] == parents(depths)
            assert found[len(depths)] is None
            if folder:
                assert found[-1] == found[-2] == len(depths)


def test_a_track_that_closes_folders_hands_them_on(folders: Any) -> None:
    """The example of the facts: the last new track closes what the source closed."""
    assert planned(folders, (1, 1, -2, 0), 2, 2, folder=False) == [1, 1, 0, 0, -2, 0]
    assert planned(folders, (1, 1, -2, 0), 2, 2, folder=True) == [1, 1, 0, 1, 0, -3, 0]
    assert planned(folders, (1, 0, -1, 0), 0, 1, folder=False) == [1, 0, -1, 0, 0]
    assert planned(folders, (1, 1, -2, 0), 1, 1, folder=False) == [1, 1, -1, -1, 0]
