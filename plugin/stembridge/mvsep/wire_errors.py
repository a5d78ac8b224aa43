"""What went wrong on the wire, in words: the boundary at which the HTTP library's exceptions end.

They are told apart by the names of their classes, so that this module doesn't load the library.
"""

from __future__ import annotations

import socket
import ssl

from stembridge.model.errors import StembridgeError, UnavailableError

_NET = "Check the internet connection, and try again in a few minutes."


class Broken(Exception):  # noqa: N818 - a parcel, not an error: it never leaves this package
    """Carries a mapped error from where it was seen to where it is decided what follows from it."""

    def __init__(self, seen: StembridgeError) -> None:
        super().__init__(seen.message)
        self.seen = seen


_WORDS: dict[str, tuple[str, str]] = {
    "ConnectTimeout": ("MVSEP doesn't answer.", _NET),
    "PoolTimeout": ("Too many connections to MVSEP are open already.", "Let a few jobs finish first."),
    "ReadTimeout": ("MVSEP took too long to answer.", "Try again in a few minutes."),
    "WriteTimeout": ("The connection to MVSEP came to a standstill.", _NET),
    "ProxyError": (
        "The proxy on the way to MVSEP refused the connection.",
        "Look at the environment variables HTTPS_PROXY and NO_PROXY, or ask whoever runs the network.",
    ),
    "ConnectError": ("MVSEP can't be reached.", _NET),
    "ReadError": ("The connection to MVSEP broke off.", _NET),
    "WriteError": ("The connection to MVSEP broke off.", _NET),
    "CloseError": ("The connection to MVSEP broke off.", _NET),
    "NetworkError": ("The connection to MVSEP broke off.", _NET),
    "TimeoutException": ("MVSEP took too long to answer.", "Try again in a few minutes."),
    "RemoteProtocolError": ("MVSEP broke off in the middle of its answer.", "Try again in a few minutes."),
    "DecodingError": ("MVSEP's answer arrived damaged.", "Try again in a few minutes."),
    "TransportError": ("The connection to MVSEP failed.", _NET),
    "RequestError": ("The request to MVSEP failed.", _NET),
    "HTTPError": ("The request to MVSEP failed.", _NET),
}

_FAULTS = frozenset(
    {
        "UnsupportedProtocol",
        "LocalProtocolError",
        "ProtocolError",
        "InvalidURL",
        "CookieConflict",
        "StreamError",
        "StreamConsumed",
        "StreamClosed",
        "ResponseNotRead",
        "RequestNotRead",
        "HTTPStatusError",
        "TooManyRedirects",
        "ConnectionNotAvailable",
    }
)
"""Exceptions that only a mistake of ours can cause."""


def describe(problem: BaseException) -> StembridgeError | None:
    """Put an exception of the HTTP library, or of the socket under it, into our words.

    Returns
    -------
    StembridgeError or None
        A new error without any link to the old one (whose request holds the address with the key);
        None for what doesn't come from the network.
    """
    chain = _chain(problem)
    tls = [link for link in chain if isinstance(link, ssl.SSLError)]
    if tls and not any(isinstance(link, ssl.SSLCertVerificationError) for link in tls):
        return UnavailableError(
            "The connection to MVSEP isn't safe: the other side doesn't encrypt it as it should.",
            hint="Check the service's address, and whether a hotel's or company's log-in page is in the way.",
            context={"cause": "tls"},
        )
    if tls:
        return UnavailableError(
            "The connection to MVSEP isn't safe: its certificate couldn't be verified.",
            hint="Check the computer's date. In a company's network, name its certificate in SSL_CERT_FILE.",
            context={"cause": "tls"},
        )
    if any(isinstance(link, socket.gaierror) for link in chain):
        return UnavailableError(
            "MVSEP's address can't be found on the network.",
            hint=_NET,
            retryable=True,
            context={"cause": "dns"},
        )
    name = type(problem).__name__
    ours = type(problem).__module__.split(".")[0] in {"httpx", "httpcore"}
    if ours and name in _FAULTS:
        return StembridgeError(
            "The request to MVSEP couldn't be made.",
            hint="This is a fault of Stembridge: please report it.",
            context={"cause": name},
        )
    if ours or isinstance(problem, OSError):
        for base in type(problem).__mro__:
            if base.__name__ in _WORDS:
                message, hint = _WORDS[base.__name__]
                return UnavailableError(message, hint=hint, retryable=True, context={"cause": name})
        return UnavailableError(
            "The connection to MVSEP failed.", hint=_NET, retryable=True, context={"cause": name}
        )
    return None


def _chain(problem: BaseException) -> list[BaseException]:
    links: list[BaseException] = []
    at: BaseException | None = problem
    while at is not None and at not in links and len(links) < 12:
        links.append(at)
        at = at.__cause__ or at.__context__
    return links
