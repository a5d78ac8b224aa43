"""The `gfx` window of a script: keys, mouse, menus, and the picture that `gfx_picture.py` draws."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.reaper.gfx_picture import Canvas
from tests.fakes.reaper.strict import Refused

if TYPE_CHECKING:
    from tests.fakes.reaper.host import Reaper
    from tests.fakes.reaper.script import Script

_CANVAS = frozenset({"r", "g", "b", "a", "a2", "mode", "dest", "x", "y", "clear"})
_FIXED = frozenset({"w", "h", "texth", "mouse_x", "mouse_y", "mouse_cap"})
_WITHOUT_WINDOW = frozenset({"init", "quit", "getchar", "dock"})


class Window:
    """One script's window."""

    def __init__(self, host: Reaper, script: Script) -> None:
        self.host = host
        self.script = script
        self.canvas = Canvas()
        self.open = False
        self.title = ""
        self.place = (100, 100)
        self.docked = 0
        self.keys: deque[int] = deque()
        self.values = {
            "mouse_x": 0.0,
            "mouse_y": 0.0,
            "mouse_cap": 0.0,
            "mouse_wheel": 0.0,
            "mouse_hwheel": 0.0,
        }
        self.values["ext_retina"] = 0.0
        self.drops: list[str] = []
        self.menus: deque[int] = deque()
        self.shown_menus: list[str] = []
        self.cursor = 0
        self.updates = 0
        self.wants_retina = False

    # variables

    def get(self, name: str) -> float:
        """Read a variable."""
        if name in _CANVAS:
            return float(getattr(self.canvas, name))
        if name == "texth":
            return float(self.canvas.texth)
        if name in {"w", "h"}:
            return float(getattr(self.canvas, name)) if self.open else 0.0
        return self.values[name]

    def put(self, name: str, value: float) -> None:
        """Write a variable."""
        if name in _CANVAS:
            setattr(self.canvas, name, value)
        elif name in _FIXED:
            self.host.strict.note(f"gfx.{name} is read only")
        elif name == "ext_retina":
            # 1 before gfx.init asks for the screen's real pixels; the answer is the scale.
            self.wants_retina = value == 1
            if self.wants_retina:
                self.values[name] = self.host.screen_scale
        else:
            self.values[name] = value

    # functions

    def call(self, name: str, arguments: list[Any]) -> Any:
        """Do what a gfx function does."""
        if not self.open and name not in _WITHOUT_WINDOW:
            raise Refused(f"gfx.{name} before gfx.init")
        own = getattr(self, f"_{name}", None)
        if own is not None:
            return own(*arguments)
        drawn = getattr(self.canvas, name, None)
        if drawn is None:
            raise Refused(f"gfx.{name} is known, but this stand-in doesn't draw it yet")
        try:
            return drawn(*arguments)
        except ValueError as error:
            raise Refused(f"gfx.{name}: {error}") from None

    def _init(
        self,
        name: str,
        width: float = 640,
        height: float = 480,
        dock: float = 0,
        x: float = 100,
        y: float = 100,
    ) -> int:
        if name:
            self.title = name
        if self.open and not name:
            return 1
        scale = self.values["ext_retina"] if self.wants_retina and self.values["ext_retina"] > 1 else 1.0
        if not self.open or (width, height) != (640, 480):
            self.canvas.resize(int(width * scale), int(height * scale))
        self.place = (int(x), int(y))
        self.docked = int(dock)
        self.open = True
        self.host.windows.append(self)
        return 1

    def _quit(self) -> None:
        self.close()

    def _update(self) -> None:
        self.updates += 1
        self.canvas.present()

    def _getchar(self, char: float = 0) -> tuple[int, int]:
        if not self.open:
            return -1, 0
        if char == 65536:
            return 7, 0
        if char:
            return int(char in self.keys), 0
        key = self.keys.popleft() if self.keys else 0
        return key, key if 32 <= key < 0x110000 else 0

    def _dock(self, v: float, *_place: float) -> tuple[int, int, int, int, int]:
        if v >= 0:
            self.docked = int(v)
        return self.docked, *self.place, int(self.canvas.w), int(self.canvas.h)

    def _showmenu(self, text: str) -> int:
        if self.script.in_undo:
            raise Refused("gfx.showmenu inside an undo block leaves it open while the user thinks")
        self.shown_menus.append(text)
        return self.menus.popleft() if self.menus else 0

    def _setcursor(self, resource: float, name: str = "") -> None:
        self.cursor = int(resource)

    def _getdropfile(self, index: float) -> tuple[int, str | None]:
        if index < 0:
            self.drops.clear()
            return 0, None
        if index < len(self.drops):
            return 1, self.drops[int(index)]
        return 0, None

    def _clienttoscreen(self, x: float, y: float) -> tuple[float, float]:
        return x + self.place[0], y + self.place[1]

    def _screentoclient(self, x: float, y: float) -> tuple[float, float]:
        return x - self.place[0], y - self.place[1]

    # what a test does with it

    def key(self, code: int | str) -> None:
        """Press a key: a code as gfx.getchar gives it, or the letters of a text."""
        for each in [ord(letter) for letter in code] if isinstance(code, str) else [code]:
            self.keys.append(each)

    def mouse(self, x: float, y: float, buttons: int = 0, *, wheel: float = 0) -> None:
        """Put the mouse somewhere, with buttons (and 4 Ctrl, 8 Shift, 16 Alt) as in gfx.mouse_cap."""
        self.values.update({"mouse_x": float(x), "mouse_y": float(y), "mouse_cap": float(buttons)})
        self.values["mouse_wheel"] += wheel

    def resize(self, width: int, height: int) -> None:
        """Drag the window to another size."""
        self.canvas.resize(width, height)

    def drop(self, *paths: Path) -> None:
        """Drop files on it."""
        self.drops += [str(path) for path in paths]

    def close(self) -> None:
        """Close it, as the user or gfx.quit does."""
        self.open = False
        self.keys.clear()

    def end_round(self) -> None:
        """Show what the round drew, as REAPER does."""
        if self.open:
            self.canvas.present()

    def png(self, path: Path) -> Path:
        """Write what it shows as a picture."""
        self.canvas.save(path)
        return path

    @property
    def texts(self) -> list[str]:
        """The texts it shows."""
        return self.canvas.texts
