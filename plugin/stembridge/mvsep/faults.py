"""The one error that is this package's own: nobody knows whether a paid order arrived."""

from __future__ import annotations

from stembridge.model.errors import UnavailableError


class MaybeSentError(UnavailableError):
    """The whole request may have arrived, and no clear answer came back.

    For an order that means: it may have been paid for. It is never repeated by itself; the
    account's history tells what became of it.
    """

    default_code = "submission_uncertain"
