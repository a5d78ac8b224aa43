"""Audacity's settings file: a key changes, everything else stays byte for byte."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stembridge.model.errors import StoreError
from stembridge_audacity import cfgfile
from stembridge_audacity.cfgfile import CfgFile

SAMPLE = (
    b"PrefsVersion=1.1.1r1\n"
    b"Odd Line Without Equals\n"
    b"[Version]\nMajor=3\n\n"
    b"[Module]\nmod-ogg=1\n\n\n"
    b'[Export\\ Stuff/Deep]\nName=\xff\xfe broken\nQuoted=" a \\"b\\" "\n'
    b"[Last]\nkey=value"
)


def test_reading() -> None:
    cfg = CfgFile(SAMPLE)
    assert cfg.get("", "PrefsVersion") == "1.1.1r1"
    assert cfg.get("Version", "Major") == "3"
    assert cfg.get("Version", "major") is None
    assert cfg.get("Nowhere", "Major") is None
    assert cfg.get("Export\\ Stuff/Deep", "Quoted") == ' a "b" '
    assert cfg.get("Last", "key") == "value"
    assert cfg.groups() == ["Version", "Module", "Export\\ Stuff/Deep", "Last"]
    assert cfg.items("Module") == [("mod-ogg", "1")]
    assert cfg.data == SAMPLE


def test_a_change_touches_one_line() -> None:
    cfg = CfgFile(SAMPLE)
    cfg.set("Version", "Major", "4")
    assert cfg.data == SAMPLE.replace(b"Major=3", b"Major=4")


def test_a_new_key_stands_at_the_end_of_its_group_above_blank_lines() -> None:
    cfg = CfgFile(SAMPLE)
    cfg.set("Module", "mod-script-pipe", "1")
    assert cfg.data == SAMPLE.replace(b"mod-ogg=1\n", b"mod-ogg=1\nmod-script-pipe=1\n")


def test_a_new_group_stands_at_the_end_of_the_file() -> None:
    cfg = CfgFile(SAMPLE)
    cfg.set("ModulePath", "mod-script-pipe", "/usr/lib/x.so")
    assert cfg.data == SAMPLE + b"\n[ModulePath]\nmod-script-pipe=/usr/lib/x.so\n"


def test_what_was_added_can_be_taken_out_to_the_byte() -> None:
    for before in (SAMPLE + b"\n", b"", b"[Module]\n", b"a=1\n"):
        cfg = CfgFile(before)
        had = cfg.has("Module")
        cfg.set("Module", "k", "1")
        cfg.remove("Module", "k")
        if not had:
            cfg.drop_if_empty("Module")
        assert cfg.data == before


def test_a_group_goes_with_its_content_and_leaves_its_children() -> None:
    cfg = CfgFile(b"[A]\nx=1\n[A/B]\ny=2\n[C]\n")
    cfg.drop("A")
    assert cfg.data == b"[A/B]\ny=2\n[C]\n"
    cfg.drop_if_empty("A/B")
    cfg.drop_if_empty("C")
    cfg.drop("Nowhere")
    assert cfg.data == b"[A/B]\ny=2\n"


def test_windows_ends_and_a_byte_order_mark_stay() -> None:
    data = b"\xef\xbb\xbf[Module]\r\nmod-ogg=1\r\n"
    cfg = CfgFile(data)
    cfg.set("Module", "mod-script-pipe", "1")
    assert cfg.data == data + b"mod-script-pipe=1\r\n"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], include_characters="\n\t\r")))
def test_any_value_comes_back(value: str) -> None:
    cfg = CfgFile()
    cfg.set("G", "k", value)
    cfg.set("G", "after", "1")
    again = CfgFile(cfg.data)
    assert again.get("G", "k") == value
    assert again.get("G", "after") == "1"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (r"C:\Program Files\Audacity\modules", rb"k=C:\\Program Files\\Audacity\\modules"),
        (" blank", b'k=" blank"'),
        ('say "it"', b'k=say "it"'),
        ('"it"', b'k="\\"it\\""'),
        ("Jürgen", "k=Jürgen".encode()),
    ],
)
def test_values_are_written_as_wxwidgets_does(value: str, line: bytes) -> None:
    cfg = CfgFile()
    cfg.set("G", "k", value)
    assert cfg.data == b"[G]\n" + line + b"\n"
    assert cfg.get("G", "k") == value


def test_a_change_is_atomic_keeps_rights_and_the_first_copy(tmp_path: Path) -> None:
    path = tmp_path / "audacity.cfg"
    path.write_bytes(SAMPLE)
    path.chmod(0o640)
    assert cfgfile.change(path, lambda cfg: cfg.set("Version", "Major", "4"))
    assert cfgfile.change(path, lambda cfg: cfg.set("Version", "Major", "5"))
    assert not cfgfile.change(path, lambda cfg: cfg.set("Version", "Major", "5"))
    assert path.with_name("audacity.cfg" + cfgfile.BACKUP).read_bytes() == SAMPLE
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "audacity.cfg"
    real.parent.mkdir()
    real.write_bytes(b"")
    link = tmp_path / "audacity.cfg"
    link.symlink_to(real)
    assert cfgfile.change(link, lambda cfg: cfg.set("G", "k", "1"))
    assert link.is_symlink()
    assert real.read_bytes() == b"[G]\nk=1\n"


def test_a_file_that_cannot_be_written_is_a_sentence_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audacity.cfg"
    path.write_bytes(SAMPLE)

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        cfgfile.change(path, lambda cfg: cfg.set("G", "k", "1"))
    assert path.read_bytes() == SAMPLE
    assert not list(tmp_path.glob("*.part"))
