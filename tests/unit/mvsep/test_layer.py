"""Where the package stands: above the model, beside the audio, and one module knows the HTTP library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import stembridge.mvsep

FOLDER = Path(stembridge.mvsep.__file__).parent


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, path
            yield node.module or ""


def test_the_arrows_point_down() -> None:
    own = {name for path in FOLDER.glob("*.py") for name in imports(path) if name.startswith("stembridge")}
    assert own <= {"stembridge"} | {
        name for name in own if name.startswith(("stembridge.model", "stembridge.mvsep"))
    }


def test_one_module_knows_the_http_library() -> None:
    knowing = {
        path.name
        for path in FOLDER.glob("*.py")
        if any(name.split(".")[0] in {"httpx", "httpcore"} for name in imports(path))
    }
    assert knowing == {"transport.py"}


def test_modules_stay_small() -> None:
    assert max(len(path.read_text(encoding="utf-8").splitlines()) for path in FOLDER.glob("*.py")) <= 400
