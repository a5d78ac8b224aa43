"""How long a refused order waits before it is placed again.

Placing it means sending the whole file: that isn't done only to hear no once more.
"""

from __future__ import annotations

from stembridge.engines.base import RemoteEngine
from stembridge.jobs.plan import Plan
from stembridge.jobs.work import Work
from stembridge.model.errors import LimitError, StembridgeError, UnavailableError

BARRED_PAUSE = 600.0
"""Seconds between two looks at an account that may order nothing: the quota of a day takes its time."""
WISH_MOST = 3600.0
"""The longest wish of the service to wait, in seconds, that is followed without asking again."""


def wait_out(one: Work, engine: RemoteEngine, planned: Plan, refusal: StembridgeError, pause: float) -> None:
    """Wait until the order may be placed again: ``pause`` at least, and as long as the service wishes.

    After a limit was named, the account is asked, which costs nothing, until nothing stands against
    the order.
    """
    one.log.emit("waiting", reason=refusal.message, until=None)
    wish = refusal.context.get("retry_after")
    one.wait(max(pause, min(wish, WISH_MOST) if isinstance(wish, int | float) else 0.0))
    while isinstance(refusal, LimitError) and (reason := _barred(engine, planned)):
        one.log.emit("waiting", reason=reason, until=None)
        one.wait(BARRED_PAUSE)


def _barred(engine: RemoteEngine, planned: Plan) -> str:
    """Say what stands against the order; nothing when it may be placed."""
    try:
        limits = engine.quote(planned.region, planned.recipe).limits
    except UnavailableError as error:
        return error.message
    return limits[0] if limits else ""
