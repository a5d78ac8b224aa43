"""Exit codes: one for every class, fixed for scripts."""

from __future__ import annotations

import pytest

from stembridge.cli.exits import CANCELLED, EXITS, OK, exit_code
from stembridge.model import errors
from stembridge.model.errors import CODES, StembridgeError

FIXED = {
    "internal": 1, "usage": 2, "unknown_name": 2, "region_reversed": 2, "key_missing": 10, "key_refused": 10,
    "source_missing": 11, "region_outside": 11, "channels": 11, "limit": 12, "unavailable": 13,
    "submission_uncertain": 13, "engine_failed": 14, "engine_refused": 14,
    "protocol_reply": 14, "store": 15, "job_locked": 15, "protocol": 15,
    "no_space": 15, "output_exists": 15, "host": 16, "needs_decision": 17, "engine_not_ready": 17,
    "transfer": 18, "alignment": 18,
}  # fmt: skip


@pytest.mark.parametrize(("code", "exit_"), FIXED.items())
def test_a_code_ends_with_its_exit(code: str, exit_: int) -> None:
    cls = CODES[code][0]
    error = cls("stem", "x", []) if cls is errors.UnknownNameError else cls("It broke.")
    assert exit_code(error) == exit_


def test_every_class_right_below_the_base_has_a_row() -> None:
    named = {cls for cls, _ in CODES.values()}
    assert {cls for cls in named if StembridgeError in cls.__bases__} <= set(EXITS)


def test_no_two_classes_share_a_code_and_none_is_taken_for_success_or_cancel() -> None:
    numbers = [number for number, _ in EXITS.values()]
    assert len(set(numbers)) == len(numbers)
    assert not {OK, CANCELLED} & set(numbers)
    assert (OK, CANCELLED) == (0, 130)


def test_a_class_of_an_engine_of_ones_own_ends_as_its_ancestor() -> None:
    class OwnError(errors.RemoteFailedError):
        pass

    assert exit_code(OwnError("x")) == 14
