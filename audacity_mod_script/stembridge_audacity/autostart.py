"""Start the watcher at login, if the user wants: one small file or registry value per system."""

from __future__ import annotations

import os
import plistlib
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from stembridge.model.errors import StoreError

NAME = "stembridge-audacity"
LABEL = "org.stembridge.audacity"
RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
_PLAIN = re.compile(r"[A-Za-z0-9@%+=:,./_-]+")


def command() -> list[str]:
    """Give what a login is to run; on Windows without a console window."""
    program = Path(sys.executable)
    if sys.platform == "win32" and (quiet := program.with_name("pythonw.exe")).exists():
        program = quiet
    return [str(program), "-P", "-m", "stembridge", "--quiet", "audacity", "watch"]


def desktop_file(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """Give the XDG autostart entry of Linux desktops."""
    words = ["env", *(f"{name}={value}" for name, value in environ.items()), *argv] if environ else argv
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=Stembridge for Audacity\n"
        "Comment=Takes requests from Audacity's menu and puts the stems into the project\n"
        f"Exec={' '.join(_exec_word(word) for word in words)}\n"
        "NoDisplay=true\n"
        "X-GNOME-Autostart-enabled=true\n"
    )


def _exec_word(word: str) -> str:
    """Quote a word of an Exec key: a quoted string in a string value, so backslashes count twice."""
    word = word.replace("%", "%%")
    if _PLAIN.fullmatch(word):
        return word
    inner = re.sub(r'(["`$\\])', r"\\\1", word)
    return '"' + inner.replace("\\", "\\\\") + '"'


def launch_agent(argv: Sequence[str], environ: Mapping[str, str]) -> bytes:
    """Give the property list of a LaunchAgent of macOS."""
    document: dict[str, object] = {
        "Label": LABEL,
        "ProgramArguments": list(argv),
        "RunAtLoad": True,
        "ProcessType": "Background",
    }
    if environ:
        document["EnvironmentVariables"] = dict(environ)
    return plistlib.dumps(document)


def run_value(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """Give the command line for the Run key of Windows."""
    line = subprocess.list2cmdline(argv)
    if not environ:
        return line
    settings = "".join(f'set "{name}={value}"&& ' for name, value in environ.items())
    return f'cmd /d /s /c "{settings}start "" {line}"'


def file(platform: str, home: Path, environ: Mapping[str, str]) -> Path | None:
    """Give the file that starts the watcher; None on Windows, where it is a registry value.

    Parameters
    ----------
    home
        The user's home folder.
    environ
        The environment (XDG_CONFIG_HOME).
    """
    if platform == "win32":
        return None
    if platform == "darwin":
        return home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    configured = environ.get("XDG_CONFIG_HOME", "")
    base = Path(configured) if configured.startswith("/") else home / ".config"
    return base / "autostart" / f"{NAME}.desktop"


def enabled() -> bool:
    """Say whether the watcher starts at login."""
    path = file(sys.platform, Path.home(), os.environ)
    if path is not None:
        return path.exists()
    return _read_run_value() is not None


def enable() -> str:
    """Have the watcher start at login; gives the place where that is written.

    A data folder of the user's own choice (STEMBRIDGE_HOME) is kept.

    Raises
    ------
    StoreError
        When it can't be written.
    """
    kept = {name: os.environ[name] for name in ("STEMBRIDGE_HOME",) if os.environ.get(name)}
    path = file(sys.platform, Path.home(), os.environ)
    if path is None:
        _write_run_value(run_value(command(), kept))
        return rf"HKEY_CURRENT_USER\{RUN_KEY}\{NAME}"
    text = (
        launch_agent(command(), kept) if sys.platform == "darwin" else desktop_file(command(), kept).encode()
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    except OSError as error:
        raise _not_written(str(path), error) from error
    return str(path)


def disable() -> bool:
    """Have it start no more; says whether it did."""
    was = enabled()
    path = file(sys.platform, Path.home(), os.environ)
    try:
        if path is None:
            _write_run_value(None)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise _not_written(str(path), error) from error
    return was


def _not_written(place: str, error: OSError) -> StoreError:
    return StoreError(
        f"'{place}' can't be changed ({error.strerror or error}).",
        code="output_readonly",
        hint="Start `stembridge audacity watch` by hand, or from a script of yours.",
    )


def _read_run_value() -> str | None:
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
                return str(winreg.QueryValueEx(key, NAME)[0])
        except FileNotFoundError:
            return None
    return None


def _write_run_value(value: str | None) -> None:
    if sys.platform == "win32":
        import winreg

        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
            if value is not None:
                winreg.SetValueEx(key, NAME, 0, winreg.REG_SZ, value)
            elif _read_run_value() is not None:
                winreg.DeleteValue(key, NAME)
