"""The service's words become our ids; what it promised is recognised, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge.engines.mvsep.naming import missing, name_files
from stembridge.model.stems import RESERVED
from stembridge.mvsep.replies import ResultFile


def _files(*labels: str) -> list[ResultFile]:
    return [ResultFile(label, "", download=f"x_{label.lower()}.flac") for label in labels]


def _stems(labels: list[str], promised: str = "") -> list[str]:
    return [one.stem for one in name_files(_files(*labels), promised.split())]


@pytest.mark.parametrize(
    ("labels", "promised", "stems"),
    [
        (["Vocals", "Other"], "vocals instrumental", ["vocals", "instrumental"]),
        (["Vocals", "Music"], "vocals instrumental", ["vocals", "instrumental"]),
        (["Vocals", "Other"], "vocals other", ["vocals", "other"]),
        (["Vocals", "Other"], "", ["vocals", "other"]),
        (["Vocals", "Other", "Instrumental"], "vocals instrumental", ["vocals", "other", "instrumental"]),
        (["Speech", "Music", "SFX"], "dialogue music effects", ["dialogue", "music", "effects"]),
        (["Violins", "Other"], "violin other", ["violin", "other"]),
        (["Gamelan", "Gongs"], "violin other", ["gamelan", "gongs"]),
        (["Vocals", "Vocals"], "", ["vocals", "vocals-2"]),
        (["Vocals", "Vocals-2", "Vocals"], "", ["vocals", "vocals-2", "vocals-3"]),
        (["Rest"], "", ["rest-stem"]),
        (["Residual"], "", ["residual-stem"]),
        (["Input"], "", ["input-stem"]),
        (["Vocals", "Vocals", "Vocals-2"], "", ["vocals", "vocals-2", "vocals-2-2"]),
        ([""], "", ["other"]),
    ],
)
def test_words_become_ids(labels: list[str], promised: str, stems: list[str]) -> None:
    assert _stems(labels, promised) == stems


def test_a_stem_is_shown_by_its_own_name_where_the_word_is_another_stems() -> None:
    shown = [one.label for one in name_files(_files("Vocals", "Other"), ["vocals", "instrumental"])]
    assert shown == ["Vocals", "Instrumental"]
    rows = [ResultFile("Other", "instrumental", download="b.flac")]
    assert [one.label for one in name_files(rows, ["instrumental"])] == ["Instrumental"]
    kept = [one.label for one in name_files(_files("Lead vocals", "Other"), ["lead", "other"])]
    assert kept == ["Lead vocals", "Other"]


def test_a_slug_counts_where_the_label_says_less() -> None:
    rows = [ResultFile("Other", "", download="song_model_instrum.wav"), ResultFile("Vocals", "")]
    assert [one.stem for one in name_files(rows, ["vocals", "instrumental"])] == ["instrumental", "vocals"]


def test_a_composite_is_never_taken_for_a_stem_that_is_missing() -> None:
    have = ["Vocals", "Bass", "Drums", "Guitar", "Other", "Instrumental"]
    promised = ["vocals", "bass", "drums", "guitar", "piano", "other"]
    assert missing(_files(*have), promised) == ["piano"]
    assert missing(_files(*have, "Piano"), promised) == []


@pytest.mark.parametrize(
    ("download", "name"),
    [
        ("../../x.wav", "vocals.wav"),
        ("C:\\nul.flac", "vocals.flac"),
        ("x.exe", "vocals.audio"),
        ("x", "vocals.audio"),
        ("x.WAV", "vocals.wav"),
        ("", "vocals.audio"),
    ],
)
def test_only_known_extensions_are_kept(download: str, name: str) -> None:
    (one,) = name_files([ResultFile("Vocals", "", download=download)])
    assert one.name == name


def test_names_that_a_system_forbids_are_avoided() -> None:
    (one,) = name_files([ResultFile("aux", "", download="x.wav")])
    assert one.name != "aux.wav"


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.builds(ResultFile, st.text(max_size=30), st.text(max_size=30), download=st.text(max_size=40))
    ),
    st.lists(st.sampled_from(["vocals", "instrumental", "other", "piano", "music"]), unique=True),
)
def test_any_names_give_safe_unique_ones(rows: list[ResultFile], promised: list[str]) -> None:
    named = name_files(rows, promised)
    assert len({one.stem for one in named}) == len({one.name for one in named}) == len(rows)
    for one in named:
        assert one.name.isascii()
        assert not set(one.name) & set('/\\:*?"<>|\0')
        assert one.stem not in RESERVED
        assert one.label.isprintable()
