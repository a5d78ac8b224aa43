"""The table of states: complete, closed, and without a trap."""

from __future__ import annotations

import pytest

from stembridge.model.states import TABLE, OnCancel, State

OVER = {State.READY, State.FAILED, State.CANCELLED}


def test_every_state_has_a_row_with_words() -> None:
    assert set(TABLE) == set(State)
    assert all(row.fact and row.resume_words for row in TABLE.values())


def test_over_is_where_nobody_has_anything_left_to_do() -> None:
    assert {state for state, row in TABLE.items() if row.over} == OVER


@pytest.mark.parametrize("state", State)
def test_a_crash_leads_to_a_state_that_resumes_as_itself(state: State) -> None:
    landing = TABLE[state].resume
    assert TABLE[landing].resume is landing


@pytest.mark.parametrize("state", [state for state in State if state not in OVER])
def test_every_state_under_way_can_fail_be_cancelled_and_come_to_an_end(state: State) -> None:
    assert {State.CANCELLED, State.FAILED} <= TABLE[state].then
    assert TABLE[state].on_cancel is not OnCancel.NOTHING
    reached, new = {state}, {state}
    while new:
        new = {after for before in new for after in TABLE[before].then} - reached
        reached |= new
    assert State.CANCELLED in reached
    if state is not State.CANCELLING:
        assert State.READY in reached


def test_only_ready_is_final() -> None:
    assert [state for state, row in TABLE.items() if not row.then] == [State.READY]


def test_every_state_can_be_reached_from_the_first() -> None:
    reached, new = {State.CREATED}, {State.CREATED}
    while new:
        new = {after for before in new for after in TABLE[before].then} - reached
        reached |= new
    assert reached == set(State)


def test_states_after_an_order_tell_the_service_on_cancel() -> None:
    for state in (State.SUBMITTING, State.QUEUED, State.PROCESSING, State.DOWNLOADING, State.CANCELLING):
        assert TABLE[state].on_cancel is OnCancel.TELL_REMOTE
    assert TABLE[State.SUBMISSION_UNKNOWN].on_cancel is OnCancel.MAYBE_CHARGED
