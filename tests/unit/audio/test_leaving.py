"""What the rest leaves out of the region, for sets with sums and other estimates in them."""

from __future__ import annotations

import pytest

from stembridge.audio.leaving import left_out, words
from stembridge.model.results import EngineFile
from stembridge.model.stems import Role


def _file(stem: str, role: Role = Role.ADDITIVE, like: str = "") -> EngineFile:
    return EngineFile(
        f"{stem}.wav", stem, stem, role=role, like=tuple(f"{name}.wav" for name in like.split())
    )


SUM, OTHER = Role.COMPOSITE, Role.ALTERNATE
FILES = [
    _file("vocals"), _file("drums"), _file("bass"), _file("other"),
    _file("band", SUM, "drums bass other"), _file("rhythm", SUM, "drums bass"),
    _file("low", SUM, "bass other"),
    _file("voice", OTHER, "vocals"), _file("group", OTHER, "band"), _file("strange", OTHER),
    _file("lost", OTHER, "gone"), _file("round", OTHER, "round"),
]  # fmt: skip
PLACES = {file.stem: place for place, file in enumerate(FILES)}


@pytest.mark.parametrize(
    ("chosen", "counted"),
    [
        ("vocals", "vocals"),
        ("vocals bass", "vocals bass"),
        ("band", "band"),
        ("vocals band", "vocals band"),
        ("drums band", "band"),  # the band holds the drums, and what else was chosen with it
        ("vocals drums bass other band", "vocals drums bass other"),  # the parts say it finer
        ("drums bass rhythm", "drums bass"),
        ("drums rhythm vocals", "vocals rhythm"),
        ("rhythm low", "rhythm"),  # both hold the bass: it counts once
        ("band rhythm low", "band"),
        ("voice", "voice"),
        ("vocals voice", "vocals"),
        ("voice band", "band voice"),
        ("group", "group"),
        ("group drums", "group"),
        ("group vocals", "vocals group"),
        ("strange", "strange"),
        ("strange lost round", "strange"),
        ("strange vocals", "vocals"),
        ("strange band", "band"),
        ("", ""),
    ],
)
def test_nothing_counts_twice_and_nothing_chosen_is_in_the_rest(chosen: str, counted: str) -> None:
    found = left_out(FILES, sorted(PLACES[stem] for stem in chosen.split()), FILES)
    assert [FILES[place].stem for place in found] == counted.split()


def test_an_unchosen_sum_still_tells_what_an_estimate_of_it_holds() -> None:
    some = [FILES[PLACES[stem]] for stem in ("vocals", "drums", "group")]
    assert left_out(some, [1, 2], FILES) == [2]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("vocals drums", ""),
        ("band", "The rest is what 'band' leaves of the region."),
        ("vocals band", "The rest is what 'vocals' and 'band' leave of the region."),
        ("drums band", "The rest is what 'band' leaves of the region; 'drums' is already in 'band'."),
        (
            "vocals drums bass band",
            (
                "The rest is what 'vocals' and 'band' leave of the region; "
                "'drums' and 'bass' are already in these."
            ),
        ),
    ],
)
def test_it_is_said_where_the_names_of_the_files_do_not(chosen: str, said: str) -> None:
    places = sorted(PLACES[stem] for stem in chosen.split())
    assert words(FILES, places, left_out(FILES, places, FILES)) == said
