"""The manifest: what stands in it, whatever the names are."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from stembridge_audacity.manifest import BLOCK, AudioTrack, LabelTrack, write

_XML = "{http://audacity.sourceforge.net/xml/}"


def _read(path: Path) -> ET.Element:
    return ET.parse(path).getroot()  # noqa: S314 - we have just written it


def test_its_head_is_what_audacity_looks_for(tmp_path: Path) -> None:
    path = write(tmp_path, [AudioTrack("A", tmp_path / "a.wav", 10, 44100, 1)], 0.0)
    head = path.read_bytes()[:256]
    assert head.startswith(b"<?xml")
    assert b"<project" in head
    assert b'projname="stems_data"' in head
    assert (tmp_path / "stems_data").is_dir()


def test_a_long_stereo_track_is_cut_into_blocks_with_names_of_their_own(tmp_path: Path) -> None:
    frames = 2 * BLOCK + 5
    tracks = [
        AudioTrack("Left and right", tmp_path / "a.wav", frames, 48000, 2, colour=3, solo=True),
        AudioTrack("Mono", tmp_path / "b.flac", BLOCK, 48000, 1),
    ]
    root = _read(write(tmp_path, tracks, 59259 / 48000))
    waves = root.findall(f"{_XML}wavetrack")
    assert [(wave.get("channel"), wave.get("linked"), wave.get("name")) for wave in waves] == [
        ("0", "1", "Left and right"), ("1", "0", "Left and right"), ("2", "0", "Mono"),
    ]  # fmt: skip
    assert [(wave.get("solo"), wave.get("colorindex")) for wave in waves] == [
        ("1", "3"), ("1", "3"), ("0", "0"),
    ]  # fmt: skip
    blocks = root.findall(f".//{_XML}pcmaliasblockfile")
    assert len({block.get("summaryfile") for block in blocks}) == len(blocks) == 3 + 3 + 1
    first = waves[0].findall(f".//{_XML}pcmaliasblockfile")
    assert [(int(str(b.get("aliasstart"))), int(str(b.get("aliaslen")))) for b in first] == [
        (0, BLOCK), (BLOCK, BLOCK), (2 * BLOCK, 5),
    ]  # fmt: skip
    assert {block.get("aliaschannel") for block in waves[1].iter(f"{_XML}pcmaliasblockfile")} == {"1"}
    offsets = {clip.get("offset") for clip in root.iter(f"{_XML}waveclip")}
    assert {float(str(offset)) for offset in offsets} == {59259 / 48000}


def test_a_track_may_be_silent_at_first_or_turned_down(tmp_path: Path) -> None:
    tracks = [
        AudioTrack("A", tmp_path / "a.wav", 10, 44100, 1, mute=True),
        AudioTrack("B", tmp_path / "b.wav", 10, 44100, 1, gain_db=-6.0),
    ]
    waves = _read(write(tmp_path, tracks, 0.0)).findall(f"{_XML}wavetrack")
    assert [wave.get("mute") for wave in waves] == ["1", "0"]
    assert [float(str(wave.get("gain"))) for wave in waves] == [1.0, 10 ** (-6 / 20)]


@settings(max_examples=80, deadline=None)
@given(name=st.text(max_size=30), words=st.text(max_size=30))
def test_any_name_and_any_words_come_through(name: str, words: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        track = AudioTrack(name, place / 'a "b" <c> & ü.wav', 10, 44100, 1)
        root = _read(write(place, [track], 1.5, [LabelTrack(name, ((1.0, 2.5, words),))]))
    bad = {chr(code) for code in range(32)} - {"\t", "\n", "\r"} | {"\ufffe", "\uffff"}

    def kept(text: str) -> str:
        return "".join("?" if letter in bad else letter for letter in text)

    wave, labels = root.find(f"{_XML}wavetrack"), root.find(f"{_XML}labeltrack")
    assert wave is not None
    assert labels is not None
    assert wave.get("name") == labels.get("name") == kept(name)
    label = labels[0]
    assert (label.get("t"), label.get("t1"), label.get("title")) == ("1.0", "2.5", kept(words))
    block = next(root.iter(f"{_XML}pcmaliasblockfile"))
    assert block.get("aliasfile") == str(place / 'a "b" <c> & ü.wav')


def test_labels_alone_are_a_project_too(tmp_path: Path) -> None:
    root = _read(write(tmp_path, [], 0.0, [LabelTrack("Words", ((0.0, 1.0, "a"), (1.0, 2.0, "b")))]))
    (labels,) = root
    assert labels.get("numlabels") == "2"
