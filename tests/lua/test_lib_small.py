"""base64.lua, quoting.lua and the names of files.lua."""

from __future__ import annotations

import base64
import shlex
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lua.pure import VERSIONS, Lua

STATES = {version: Lua(version) for version in VERSIONS}
lua_versions = pytest.mark.parametrize("lua", [STATES[v] for v in VERSIONS], ids=VERSIONS)
many = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
WORD = st.text(
    st.sampled_from("ab \"'`\\&$!%^<>|;()é漢\U0001f3b8/:=,@-.*?~#{}[]\t")
    | st.characters(min_codepoint=32, exclude_categories=["Cs"]),
    min_size=0,
    max_size=20,
)


@lua_versions
@many
@given(data=st.binary(max_size=50))
def test_base64_is_what_python_says(lua: Lua, data: bytes) -> None:
    module = lua.require("base64")
    text = module[b"encode"](data)
    assert text == base64.b64encode(data)
    assert module[b"decode"](text) == data
    assert module[b"decode"](b"\n ".join([text[:5], text[5:]])) == data


@lua_versions
@pytest.mark.parametrize("text", [b"A", b"AB=", b"A===", b"AB=C", b"====", b"AB!=", b"AA==AAAA"])
def test_no_base64_is_refused(lua: Lua, text: bytes) -> None:
    assert lua.require("base64")[b"decode"](text) is None


def split_as_reaper_does(line: str) -> list[str]:
    """Split at spaces; each of three quotation marks holds a word together and nothing escapes it."""
    words, at = [], 0
    while at < len(line):
        if line[at] == " ":
            at += 1
        elif line[at] in "\"'`":
            end = line.index(line[at], at + 1)
            words.append(line[at + 1 : end])
            at = end + 1
        else:
            end = line.find(" ", at)
            end = len(line) if end < 0 else end
            words.append(line[at:end])
            at = end
    return words


def split_as_windows_does(line: str) -> list[str]:
    """Split by the rules of Microsoft's C library for everything after the program's name."""
    words, word, at, quoted, begun = [], "", 0, False, False
    while at < len(line):
        char = line[at]
        if char in " \t" and not quoted:
            if begun:
                words.append(word)
            word, begun = "", False
            at += 1
            continue
        begun = True
        slashes = 0
        while at < len(line) and line[at] == "\\":
            slashes, at = slashes + 1, at + 1
        if at < len(line) and line[at] == '"':
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += '"'
            else:
                quoted = not quoted
            at += 1
        else:
            word += "\\" * slashes
            if slashes == 0:
                word += char
                at += 1
    return [*words, word] if begun else words


def command(lua: Lua, words: list[str], family: str) -> str | None:
    given = lua.require("quoting")[b"command"](lua.state.table(*[w.encode() for w in words]), family.encode())
    if isinstance(given, tuple):
        assert b"REAPER can't pass on" in given[1]
        return None
    return str(given.decode())


@lua_versions
@many
@given(words=st.lists(WORD, min_size=1, max_size=4))
def test_unix_words_arrive_or_are_refused(lua: Lua, words: list[str]) -> None:
    line = command(lua, words, "unix")
    if line is None:
        assert any(all(mark in word for mark in "\"'`") or set(word) & set("\n\r\0") for word in words)
    else:
        assert split_as_reaper_does(line) == words


@lua_versions
@many
@given(words=st.lists(WORD, min_size=1, max_size=4))
def test_windows_words_arrive(lua: Lua, words: list[str]) -> None:
    line = command(lua, words, "windows")
    assert line is not None
    assert split_as_windows_does(line) == words
    if not any('"' in word for word in words):
        assert line == subprocess.list2cmdline(words)  # the standard library's own rendering of these rules


@lua_versions
@pytest.mark.parametrize(
    "folder",
    ["/home/me/My Jobs/a", "/home/o'neil/a", "/home/$HOME/a", "/home/mé & co/(a)", "/a`b$c/x", '/a"b c/x'],
)
def test_even_a_shell_would_understand_it(lua: Lua, folder: str) -> None:
    line = command(lua, ["/usr/bin/stem bridge", "run", folder], "unix")
    assert line is not None
    assert shlex.split(line) == ["/usr/bin/stem bridge", "run", folder]
    if sys.platform != "win32":
        shown = subprocess.run(["/bin/sh", "-c", f"printf '%s\\n' {line}"], capture_output=True, check=True)
        assert shown.stdout.decode().splitlines() == ["/usr/bin/stem bridge", "run", folder]


@lua_versions
@pytest.mark.parametrize("family", ["unix", "windows"])
@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b"])
def test_a_line_break_is_refused(lua: Lua, family: str, bad: str) -> None:
    assert command(lua, ["x", bad], family) is None


@lua_versions
def test_families(lua: Lua) -> None:
    family = lua.require("quoting")[b"family"]
    names = (b"Win32", b"Win64", b"OSX64", b"macOS-arm64", b"Other")
    assert [family(n) for n in names] == [b"windows", b"windows", b"unix", b"unix", b"unix"]


@pytest.fixture(params=VERSIONS)
def fresh(request: pytest.FixtureRequest) -> Lua:
    return Lua(request.param)


def test_paths_of_unix(fresh: Lua) -> None:
    files = fresh.require("files")
    files[b"separator"] = b"/"
    assert files[b"join"](b"/a/", b"b", b"c.wav") == b"/a/b/c.wav"
    assert files[b"join"](b"/", b"b") == b"/b"
    assert files[b"join"](b"", b"b") == b"b"
    rows = {
        b"/a/b.c/x.y.WAV": (b"/a/b.c", b"x.y.WAV", b"x.y", b"wav"),
        b"/x": (b"/", b"x", b"x", b""),
        b"x.wav": (b"", b"x.wav", b"x", b"wav"),
        b"/a/.hidden": (b"/a", b".hidden", b".hidden", b""),
        b"/a\\b/c\\d.wav": (b"/a\\b", b"c\\d.wav", b"c\\d", b"wav"),
    }
    for path, row in rows.items():
        assert tuple(files[n](path) for n in (b"parent", b"name", b"stem", b"extension")) == row
    assert files[b"is_absolute"](b"/a")
    assert not files[b"is_absolute"](b"a/b")
    assert not files[b"same"](b"/a/B", b"/a/b")


def test_paths_of_windows(fresh: Lua) -> None:
    files = fresh.require("files")
    files[b"separator"] = b"\\"
    assert files[b"join"](b"C:\\a", b"b") == b"C:\\a\\b"
    assert files[b"join"](b"C:\\", b"b") == b"C:\\b"
    assert files[b"join"](b"C:/a", b"b") == b"C:/a/b"
    rows = {
        b"C:\\a\\x.WAV": (b"C:\\a", b"x.WAV", b"x", b"wav"),
        b"C:/a\\b/x.wav": (b"C:/a\\b", b"x.wav", b"x", b"wav"),
        b"C:\\x": (b"C:\\", b"x", b"x", b""),
        b"\\\\nas\\share\\x.m4a": (b"\\\\nas\\share", b"x.m4a", b"x", b"m4a"),
    }
    for path, row in rows.items():
        assert tuple(files[n](path) for n in (b"parent", b"name", b"stem", b"extension")) == row
    for path, absolute in (
        (b"C:\\a", True),
        (b"c:/a", True),
        (b"\\\\nas\\a", True),
        (b"a\\b", False),
        (b"\\a", False),
    ):
        assert files[b"is_absolute"](path) is absolute
    assert files[b"same"](b"C:\\A/b", b"c:\\a\\B")


@lua_versions
@many
@given(text=st.text(max_size=60), longest=st.integers(5, 40))
def test_safe_names_are_safe_everywhere(lua: Lua, text: str, longest: int) -> None:
    name = lua.require("files")[b"safe_name"](text.encode(errors="replace"), longest).decode()
    assert name
    assert not set(name) & {*'/\\:*?"<>|\x7f', *map(chr, range(32))}
    assert name[0] not in " ."
    assert name[-1] not in " ."
    assert len(name.encode()) <= longest + len("audio ")


@lua_versions
@pytest.mark.parametrize("name", [b"con", b"NUL.wav", b"Com1", b"", b"...", b"lpt9.x"])
def test_devices_are_no_names(lua: Lua, name: bytes) -> None:
    assert lua.require("files")[b"safe_name"](name).startswith(b"audio")
