"""ReaPack: the package's head by its rules, and an index that names every file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

import stembridge
from stembridge_reaper import package
from stembridge_reaper.reapack import HeadError, build, index, main, read_head, sources

TIME = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
GOOD = "-- @description A\n-- @author B\n-- @version 1.2\n-- @provides\n--   [main] *.lua\n\nreturn 1\n"


def test_our_package_gives_an_index_that_serves_every_file(tmp_path: Path) -> None:
    made = build(tmp_path, base_url="https://example.org/sb/", time=TIME)
    root = ET.fromstring(made.read_text(encoding="utf-8"))  # noqa: S314 - our own
    assert (root.tag, root.get("version"), root.get("name")) == ("index", "1", "Stembridge")
    (version,) = root.findall("./category/reapack/version")
    assert version.get("name") == stembridge.__version__
    assert version.get("time") == "2026-01-02T03:04:05Z"
    served = {}
    for source in version.findall("source"):
        url = (source.text or "").removeprefix("https://example.org/sb/")
        file = tmp_path / unquote(url)
        served[source.get("file") or package.MAIN] = file.read_bytes()
        assert " " not in url
        is_action = "/" not in (source.get("file") or "")
        assert (source.get("main") == "main") is is_action, source.get("file")
    assert set(served) == set(package.files())
    assert all(data == (package.SCRIPTS / name).read_bytes() for name, data in served.items())


def test_the_shipped_head_names_the_programs_version() -> None:
    assert package.version_of(package.SCRIPTS / package.MAIN) == stembridge.__version__
    others = [name for name in package.files() if name != package.MAIN]
    assert not any(package.version_of(package.SCRIPTS / name) for name in others)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("-- @version 1.2\n", ""), "@version"),
        (GOOD.replace("1.2", "v1"), "digit"),
        (GOOD.replace("1.2", "1.70000"), "65535"),
        (GOOD.replace("-- @author B\n", ""), "@author"),
        (GOOD.replace("@author", "@auther"), "@auther"),
        ("-- hello\n" + GOOD, "before"),
        (GOOD.replace("-- @author B\n", "-- @author B\n-- @author C\n"), "twice"),
        (GOOD.replace("-- @author B\n", "-- @author B\n-- @noindex\n"), "noindex"),
        (GOOD.replace("[main]", "[mane]"), "mane"),
        (GOOD.replace("[main]", "[main=nowhere]"), "nowhere"),
        (GOOD.replace("[main] *.lua", "a.lua > ../b.lua"), "a.lua"),
        ("\n" + GOOD, "@version"),
    ],
)
def test_a_wrong_head_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(HeadError, match=words):
        read_head(text)


def test_every_file_is_provided_and_every_line_provides() -> None:
    head = read_head(GOOD)
    assert set(sources(head, ["a.lua", "b.lua"])) == {"a.lua", "b.lua"}
    with pytest.raises(HeadError, match=r"lib/c\.lua"):
        sources(head, ["a.lua", "lib/c.lua"])
    with pytest.raises(HeadError, match="no such file"):
        sources(head, ["lib/c.lua"])


def test_options_reach_the_index() -> None:
    head = read_head(GOOD.replace("[main]", "[main=main,midi_editor windows]"))
    text = index(head, sources(head, ["a.lua"]), base_url="http://127.0.0.1:8/x", time=TIME).decode()
    assert 'main="main midi_editor"' in text
    assert 'platform="windows"' in text


@pytest.mark.parametrize("base", ["", "ftp://example.org", "example.org", "file:///x"])
def test_only_an_address_that_can_be_fetched_from(tmp_path: Path, base: str) -> None:
    with pytest.raises(HeadError, match="no address"):
        build(tmp_path, base_url=base, time=TIME)


def test_as_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "dist"), "--base-url", "https://example.org/x"]) == 0
    assert (tmp_path / "dist" / "index.xml").exists()
    assert main([str(tmp_path / "dist"), "--base-url", "nowhere"]) == 1
    assert "no address" in capsys.readouterr().err
