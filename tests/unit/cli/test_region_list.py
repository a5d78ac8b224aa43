"""Lists of regions as hosts, spreadsheets and people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from stembridge.cli.region_list import Named, read_list
from stembridge.model.errors import InputError, UsageError


def _read(folder: Path, text: str, encoding: str = "utf-8") -> list[Named]:
    path = folder / "list.csv"
    path.write_bytes(text.encode(encoding))
    return read_list(path)


@pytest.mark.parametrize(
    "text",
    [
        "start,end,name\n1,2,a b\n0:03,4.5,c\n",
        "1,2,a b\n0:03,4.5,c\n",
        "\r\nStart,End,Name\r\n1,2,a b\r\n\r\n0:03,4.5,c\r\n",
        "name;end;start\na b;2;1\nc;4.5;0:03\n",
        "1\t2\ta b\n\\\t100.0\t2000.0\n0:03\t4.5\tc\n",
        '#,Name,Start,End,Length,Color\nR1,"a b",1,2,1,FF0000\nM1,mark,1.5,,,\nR2,c,0:03,4.5,1.5,\n',
    ],
)
def test_every_kind_gives_the_same_regions(tmp_path: Path, text: str) -> None:
    for encoding in ("utf-8", "utf-8-sig"):
        assert _read(tmp_path, text, encoding) == [Named("1", "2", "a b"), Named("0:03", "4.5", "c")]


def test_regions_without_a_name_are_numbered(tmp_path: Path) -> None:
    assert [row.name for row in _read(tmp_path, "0,1\n1,2,\n2,3,x\n")] == ["region 1", "region 2", "x"]


def test_columns_say_what_each_is_separated_with(tmp_path: Path) -> None:
    text = (
        'End,Start,Stems,Preset,Engine,Model,Length\n2,1,"vocals, drums",karaoke,,,1\n3,2,a;b+c,,mvsep,40,1\n'
    )
    first, second = _read(tmp_path, text)
    assert first == Named("1", "2", "region 1", preset="karaoke", stems=("vocals", "drums"))
    assert second == Named("2", "3", "region 2", engine="mvsep", model="40", stems=("a", "b", "c"))


def test_a_file_of_its_own_lies_beside_the_list_and_may_be_meant_whole(tmp_path: Path) -> None:
    text = "file,start,end,name\na.wav,,,\nsub/b.wav,1,,chorus\nhttps://x.org/c.wav,,,\n,0,1,all\n"
    whole, rest, link, every = _read(tmp_path, text)
    assert whole == Named("", "", "", file=str(tmp_path / "a.wav"))
    assert rest == Named("1", "", "chorus", file=str(tmp_path / "sub" / "b.wav"))
    assert link.file == "https://x.org/c.wav"
    assert [row.whole for row in (whole, rest, link, every)] == [True, False, True, False]
    assert every.file == ""


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("", "holds no region", "start, end and name"),
        ("start,end,name\n", "holds no region", "start, end and name"),
        ("hello\n", "is no region", "start, end and name"),
        ("start,end\n1\n", "is no region", "start, end and name"),
        ("Name,Start,End\nverse,1.1.00,5.1.00\n", "no seconds", "ruler to minutes and seconds"),
        ("Name,Start,End\nverse,00:00:01:12,00:00:05:00\n", "no seconds", "ruler"),
        ("start,end,modell\n1,2,40\n", "column 'modell'", "'model'"),
        ("start,end,files\n1,2,a.wav\n", "column 'files'", "'file'"),
    ],
)
def test_what_is_no_list_is_told_in_words(tmp_path: Path, text: str, words: str, hint: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        _read(tmp_path, text)
    assert hint in caught.value.hint


def test_what_cannot_be_read_is_told_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="isn't there"):
        read_list(tmp_path / "none.csv")
    with pytest.raises(InputError, match="as text"):
        _read(tmp_path, "0,1,ä\n", "latin-1")
    with pytest.raises(InputError, match="as text"):
        read_list(tmp_path)
