"""The service's endpoints, one method each.

A reply in no known shape is a `ProtocolError`; a refusal is the error of its kind with the service's
own words. Times are the service's texts; counts are whole numbers.
"""

from __future__ import annotations

from stembridge.mvsep.client_quality import Quality
from stembridge.mvsep.client_separation import Separations
from stembridge.mvsep.client_site import Site


class Client(Separations, Site, Quality):
    """The service, seen by one account.

    Parameters
    ----------
    transport
        Connections to the service.
    key
        The account's key; None for what needs none.
    """
