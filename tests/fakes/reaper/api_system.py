"""Functions on dialogs, files, processes, actions, colours and texts of numbers."""
# ruff: noqa: N802

from __future__ import annotations

import math
import os
from pathlib import Path

from tests.fakes.reaper import peaks, rendering
from tests.fakes.reaper.dialogs import BUTTONS
from tests.fakes.reaper.group import Group
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.things import new_guid
from tests.fakes.reaper.values import Opaque

RENDER, BUILD_PEAKS, SELECT_NONE, UNSELECT_TRACKS = 42230, 40047, 40289, 40297
NEW_TABS, CLOSE_TAB = (40859, 41929), 40860


class Dialogs(Group):
    """Boxes, forms, the console."""

    def MB(self, text: str, title: str, kind: int) -> int:
        if kind not in BUTTONS:
            raise Refused(f"MB: there is no type {kind}")
        if self.host.script.in_undo:
            raise Refused("MB inside an undo block leaves it open while the user thinks")
        try:
            return self.host.dialogs.box(text, title, kind)
        except ValueError as error:
            raise Refused(f"MB: {error}") from None

    def ShowMessageBox(self, text: str, title: str, kind: int) -> int:
        return self.MB(text, title, kind)

    def GetUserInputs(self, title: str, count: int, captions: str, values: str) -> tuple[bool, str]:
        if self.host.script.in_undo:
            raise Refused("GetUserInputs inside an undo block leaves it open while the user thinks")
        if not 1 <= count <= 16:
            raise Refused(f"GetUserInputs: 1 to 16 fields, not {count}")
        fields, separator = captions, ","
        names = []
        for part in captions.split(","):
            if part.startswith("separator="):
                separator = part.removeprefix("separator=")
            elif not part.startswith("extrawidth="):
                names.append(part)
        if len(names) > count:
            raise Refused(f"GetUserInputs: {len(names)} captions for {count} fields in {fields!r}")
        answer = self.host.dialogs.form(title, names, values.split(separator))
        if answer is None:
            return False, values
        return True, separator.join(answer)

    def GetUserFileNameForRead(self, start: str, title: str, extension: str) -> tuple[bool, str]:
        answer = self.host.dialogs.files.popleft() if self.host.dialogs.files else None
        return answer is not None, answer or ""

    def ShowConsoleMsg(self, text: str) -> None:
        self.host.console += text

    def ClearConsole(self) -> None:
        self.host.console = ""

    def GetMainHwnd(self) -> Opaque:
        return self.host.main_window

    def ReaScriptError(self, text: str) -> None:
        self.host.console += text

    def TrackCtl_SetToolTip(self, text: str, x: int, y: int, topmost: bool) -> None:
        self.host.tooltip = text

    def Help_Set(self, text: str, temporary: bool) -> None:
        self.host.help_text = text

    def GetMousePosition(self) -> tuple[int, int]:
        return self.host.mouse_position


class Files(Group):
    """Paths, folders, processes."""

    def file_exists(self, path: str) -> bool:
        return Path(path).is_file()

    def EnumerateFiles(self, path: str, index: int) -> str | None:
        return self.host.folders.file(path, index)

    def EnumerateSubdirectories(self, path: str, index: int) -> str | None:
        return self.host.folders.subfolder(path, index)

    def RecursiveCreateDirectory(self, path: str, ignored: int) -> int:
        if not Path(path).is_absolute():
            raise Refused(f"RecursiveCreateDirectory: {path!r} depends on the current folder")
        # 0 is also the answer for a folder that is there already: it doesn't tell success from failure.
        try:
            Path(path).mkdir(parents=True)
        except OSError:
            return 0
        return 1

    def GetResourcePath(self) -> str:
        return str(self.host.resource)

    def GetExePath(self) -> str:
        return str(self.host.resource.parent / "bin")

    def get_ini_file(self) -> str:
        return str(self.host.resource / "reaper.ini")

    def GetAppVersion(self) -> str:
        return self.host.version

    def GetOS(self) -> str:
        return self.host.os

    def ExecProcess(self, command: str, timeout: int) -> str | None:
        if timeout < -2:
            raise Refused(f"ExecProcess: there is no timeout {timeout}")
        if timeout == 0:
            raise Refused("ExecProcess: timeout 0 stops REAPER until the process ends, however long that is")
        if timeout > 0:
            self.host.blocking.append(command)
        return self.host.processes.run(command, timeout)

    def CF_ShellExecute(self, file: str) -> bool:
        self.host.opened_documents.append(file)
        return True

    def GetFreeDiskSpaceForRecordPath(self, project: Project, index: int) -> int:
        return self.host.free_disk_mb

    def resolve_fn(self, name: str, out: str) -> str:
        return name if Path(name).is_absolute() else str(self.host.project.folder / name)

    def relative_fn(self, name: str, out: str) -> str:
        try:
            return str(Path(name).relative_to(self.host.project.folder))
        except ValueError:
            return name


class Actions(Group):
    """Actions, toggles, registered scripts."""

    def Main_OnCommandEx(self, command: int, flag: int, project: Project) -> None:
        if command == RENDER:
            rendering.run(self.host, project)
        elif command == BUILD_PEAKS:
            for item in project.items:
                for take in item.takes:
                    if take.source is not None:
                        take.source.root.peaks, take.source.root.peaks_mode = 0, peaks.FINISH
        elif command == SELECT_NONE:
            for item in project.items:
                item.select(False)
        elif command == UNSELECT_TRACKS:
            for track in project.tracks:
                track.select(False)
        elif command in NEW_TABS:
            self.host.open_project()
        elif command == CLOSE_TAB:
            if project.dirty:
                raise Refused("40860 on a tab with unsaved changes asks to save them: a modal dialog")
            self.host.close_project(project)
        elif command in self.host.commands:
            self.host.start_command(command)
        else:
            raise Refused(f"unknown action {command}: a bridge has no business with it")

    def Main_OnCommand(self, command: int, flag: int) -> None:
        self.Main_OnCommandEx(command, flag, self.host.project)

    def NamedCommandLookup(self, name: str) -> int:
        return next(
            (each for each, path in self.host.commands.items() if self.host.command_name(path) == name), 0
        )

    def ReverseNamedCommandLookup(self, command: int) -> str | None:
        path = self.host.commands.get(command)
        return self.host.command_name(path).removeprefix("_") if path is not None else None

    def AddRemoveReaScript(self, add: bool, section: int, filename: str, commit: bool) -> int:
        path = Path(filename)
        if not path.is_absolute():
            raise Refused(f"AddRemoveReaScript: {filename!r} must be a full path")
        if not add:
            found = next((each for each, known in self.host.commands.items() if known == path), 0)
            self.host.commands.pop(found, None)
            return int(found != 0)
        if not path.is_file():
            return 0
        return self.host.register(path)

    def SectionFromUniqueID(self, unique: int) -> Opaque | None:
        return self.host.main_section if unique == 0 else None

    def kbd_getTextFromCmd(self, command: int, section: Opaque) -> str:
        path = self.host.commands.get(command)
        return f"Script: {path.name}" if path is not None else ""

    def GetToggleCommandStateEx(self, section: int, command: int) -> int:
        return self.host.toggles.get((section, command), -1)

    def GetToggleCommandState(self, command: int) -> int:
        return self.GetToggleCommandStateEx(0, command)

    def SetToggleCommandState(self, section: int, command: int, state: int) -> bool:
        self.host.toggles[section, command] = state
        return True

    def RefreshToolbar2(self, section: int, command: int) -> None:
        self.host.refreshed.append("RefreshToolbar2")

    def RefreshToolbar(self, command: int) -> None:
        self.host.refreshed.append("RefreshToolbar")


class Texts(Group):
    """Colours, GUIDs, times and gains as texts."""

    def ColorToNative(self, r: int, g: int, b: int) -> int:
        for value in (r, g, b):
            if not 0 <= value <= 255:
                raise Refused(f"ColorToNative: 0 to 255, not {value}")
        windows = self.host.os.startswith("Win")
        return r | g << 8 | b << 16 if windows else r << 16 | g << 8 | b

    def ColorFromNative(self, color: int) -> tuple[int, int, int]:
        low, middle, high = color & 255, color >> 8 & 255, color >> 16 & 255
        return (low, middle, high) if self.host.os.startswith("Win") else (high, middle, low)

    def GetThemeColor(self, key: str, flags: int) -> int:
        color = self.host.theme.get(key)
        return -1 if color is None else self.ColorToNative(*color)

    def GetLastColorThemeFile(self) -> str:
        return str(self.host.resource / "ColorThemes" / "Default.ReaperThemeZip")

    def genGuid(self, buffer: str) -> str:
        return new_guid()

    def guidToString(self, guid: str, buffer: str) -> str:
        return guid

    def stringToGuid(self, text: str, guid: str) -> str:
        return text

    def format_timestr(self, time: float, buffer: str) -> str:
        sign, whole = "-" if time < 0 else "", abs(time)
        return f"{sign}{int(whole // 60)}:{whole % 60:06.3f}"

    def format_timestr_pos(self, time: float, buffer: str, mode: int) -> str:
        if mode == 3:
            return f"{time:.6f}"
        if mode == 4:
            return str(math.floor(time * self.host.project.rate + 0.5))
        return self.format_timestr(time, buffer)

    def format_timestr_len(self, time: float, buffer: str, offset: float, mode: int) -> str:
        return self.format_timestr_pos(time, buffer, mode)

    def parse_timestr(self, text: str) -> float:
        minutes, _, seconds = text.rpartition(":")
        try:
            return float(seconds) + 60 * float(minutes or 0)
        except ValueError:
            return 0.0

    def parse_timestr_pos(self, text: str, mode: int) -> float:
        return self.parse_timestr(text)

    def parse_timestr_len(self, text: str, offset: float, mode: int) -> float:
        return self.parse_timestr(text)

    def mkvolstr(self, buffer: str, gain: float) -> str:
        return f"{20 * math.log10(gain):+.2f}dB" if gain > 0 else "-inf dB"

    def mkpanstr(self, buffer: str, pan: float) -> str:
        side = "L" if pan < 0 else "R"
        return "center" if pan == 0 else f"{round(abs(pan) * 100)}%{side}"

    def GetOutputLatency(self) -> float:
        return 0.0

    def Audio_IsRunning(self) -> int:
        return 1

    def GetAudioDeviceInfo(self, name: str) -> tuple[bool, str]:
        known = {"SRATE": "48000", "BSIZE": "512", "MODE": "dummy"}
        return name in known, known.get(name, "")


class Folders:
    """Folder listings as EnumerateFiles sees them: read once, until it is called with -1."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}
        self._subfolders: dict[str, list[str]] = {}

    @staticmethod
    def _read(path: str, *, folders: bool) -> list[str]:
        try:
            with os.scandir(path) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir() == folders)
        except OSError:
            return []

    def _get(self, cache: dict[str, list[str]], path: str, index: int, *, folders: bool) -> str | None:
        if index < 0:
            cache.pop(path, None)
            return None
        listing = cache.setdefault(path, self._read(path, folders=folders))
        return listing[index] if index < len(listing) else None

    def file(self, path: str, index: int) -> str | None:
        """Give the name of a file."""
        return self._get(self._files, path, index, folders=False)

    def subfolder(self, path: str, index: int) -> str | None:
        """Give the name of a folder."""
        return self._get(self._subfolders, path, index, folders=True)
