"""Errors: a closed list of codes, each with its class, and every `code=` in the tree on it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import stembridge
from stembridge.model import errors
from stembridge.model.errors import CODES, DecisionNeededError, StembridgeError, UnknownNameError

SOURCES = Path(stembridge.__file__).parent


def _classes() -> list[type[StembridgeError]]:
    for module in pkgutil.walk_packages(stembridge.__path__, "stembridge."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, new = [StembridgeError], [StembridgeError]
    while new:
        new = [sub for cls in new for sub in cls.__subclasses__() if sub.__module__.startswith("stembridge")]
        found.extend(new)
    return found


def _raised() -> Iterator[tuple[str, str, str]]:
    """Give (file, class, code) of every literal code in a call of an error class."""
    names = {cls.__name__ for cls in _classes()}
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            for keyword in node.keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant) and called in names:
                    yield path.name, called, str(keyword.value.value)


@pytest.mark.parametrize("cls", _classes(), ids=lambda cls: cls.__name__)
def test_a_class_has_a_default_code_that_is_its_own(cls: type[StembridgeError]) -> None:
    owner = CODES[cls.default_code][0]
    assert issubclass(cls, owner)


@pytest.mark.parametrize(("file", "called", "code"), sorted(set(_raised())))
def test_a_code_in_the_source_is_listed_and_fits_its_class(file: str, called: str, code: str) -> None:
    assert code in CODES
    cls = next(cls for cls in _classes() if cls.__name__ == called)
    owner = CODES[code][0]
    assert issubclass(cls, owner) or issubclass(owner, cls)


def test_every_listed_code_can_come_up() -> None:
    literal = {code for _, _, code in _raised()}
    texts = {
        node.value
        for path in SOURCES.rglob("*.py")
        if path.name != "errors.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    defaults = {cls.default_code for cls in _classes()}
    dead = set(CODES) - literal - defaults - texts
    assert not dead


def test_every_code_has_a_meaning() -> None:
    assert all(words and not words.endswith(".") for _, words in CODES.values())


def test_an_error_travels_as_code_message_and_hint() -> None:
    error = errors.StoreError("It broke.", hint="Mend it.", code="no_space", context={"path": "/x"})
    assert error.to_dict() == {"code": "no_space", "message": "It broke.", "hint": "Mend it."}
    assert str(error) == "It broke."
    assert error.context == {"path": "/x"}
    assert not error.retryable


def test_a_question_carries_its_answers() -> None:
    question = DecisionNeededError("Which?", choices=[("a", "This"), ("b", "That")])
    assert question.choices == (("a", "This"), ("b", "That"))
    assert question.code == "needs_decision"


def test_nearest_names_ignore_case_and_come_best_first() -> None:
    error = UnknownNameError("model", "SPLEETR", ["bass", "spleeter"])
    assert error.hint == "Did you mean 'spleeter'?"
    assert error.context["nearest"] == ["spleeter"]


def test_without_a_near_name_all_are_told() -> None:
    assert UnknownNameError("format", "zzz", ["a1", "b2"]).hint == "There is 'a1' or 'b2'."
    many = UnknownNameError("format", "zzz", [f"name{n}" for n in range(100, 130)]).hint
    assert many.endswith("and more.")
    assert many.count("name") == 12


def test_with_nothing_to_choose_from_that_is_said() -> None:
    assert UnknownNameError("job", "x", []).hint == "There is no job to choose from here."


def test_cancelling_is_no_error() -> None:
    assert not issubclass(errors.Cancelled, StembridgeError)
