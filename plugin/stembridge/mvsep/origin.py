"""Which addresses belong to the service, and which of them may see the key.

The public service spreads over many hosts of one domain: they all count, over https only. Any other
base address (a sandbox on loopback, a server of the user's own) counts as exactly that scheme, host
and port.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from stembridge.model.errors import ProtocolError, UsageError

PUBLIC = "https://mvsep.com"
_DOMAIN = "mvsep.com"
_NETLOC = re.compile(
    r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?"
)
_PORTS = {"https": 443, "http": 80}
_SAFE = "/%:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of an address; two addresses of one origin reach the same server."""

    scheme: str
    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """True when it never leaves this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def private(self) -> bool:
        """True when nobody on the way can read what is sent."""
        return self.scheme == "https" or self.loopback

    def __str__(self) -> str:
        tail = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{tail}"


def split(url: str) -> tuple[Origin, str]:
    """Take an address apart.

    Returns
    -------
    tuple
        The origin, and path with query, percent-encoded, starting with ``/``.

    Raises
    ------
    ValueError
        For anything but a plain http or https address: user names, odd characters in the host and
        ports out of range are how one address passes for another.
    """
    if not url or url != url.strip() or "\\" in url or any(ord(c) < 32 or ord(c) == 127 for c in url):
        raise ValueError("no address")
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    match = _NETLOC.fullmatch(parts.netloc)
    if scheme not in _PORTS or match is None:
        raise ValueError("no http address")
    port = int(match["port"] or _PORTS[scheme])
    if not 0 < port < 65536:
        raise ValueError("no such port")
    host = match["host"].lower()
    if host.startswith("["):
        host = f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
    path = quote(parts.path, safe=_SAFE, errors="replace") or "/"
    if parts.query:
        path += "?" + quote(parts.query, safe=_SAFE + "?", errors="replace")
    return Origin(scheme, host, port), path


class Service:
    """The configured service.

    Parameters
    ----------
    base_url
        Its address, with or without a path in front of ``/api``.

    Raises
    ------
    UsageError
        When that isn't an http or https address.
    """

    def __init__(self, base_url: str = PUBLIC) -> None:
        try:
            self.origin, path = split(base_url.strip())
        except ValueError:
            raise UsageError(
                "The address of the service isn't a web address.",
                hint=f"Write it like {PUBLIC}, without a user name.",
            ) from None
        self.prefix = path.split("?")[0].rstrip("/")
        self.public = (
            self.origin.scheme == "https" and self.origin.port == 443 and _of_domain(self.origin.host)
        )

    @property
    def base(self) -> str:
        """The base address, without a slash at its end."""
        return f"{self.origin}{self.prefix}"

    def owns(self, origin: Origin) -> bool:
        """Tell whether an origin belongs to the service."""
        if self.public:
            return origin.scheme == "https" and origin.port == 443 and _of_domain(origin.host)
        return origin == self.origin

    def own(self, url: str) -> str:
        """Give an address of the service in its clean form.

        Raises
        ------
        ProtocolError
            When it isn't one: a reply must not send us, or the audio, anywhere else.
        """
        try:
            origin, path = split(url)
        except ValueError:
            origin, path = None, ""
        if origin is None or not self.owns(origin):
            raise ProtocolError(
                "MVSEP named an address that isn't its own; nothing was sent there.",
                hint="Try again later. If it stays, tell the service about it.",
                context={"host": "" if origin is None else str(origin)},
            )
        return f"{origin}{path}"

    def node(self, link: str) -> str:
        """Give the base address of the host that took a job, from the job's link.

        A link that the public service writes with http is taken as https: the host is all that is
        read from it. Raises `ProtocolError` for a host that isn't the service's.
        """
        if self.public and link.lower().startswith("http://"):
            link = "https://" + link[7:]
        url = self.own(link)
        return url.split("/api/")[0].rstrip("/") if "/api/" in url else str(split(url)[0])


def _of_domain(host: str) -> bool:
    return host == _DOMAIN or host.endswith("." + _DOMAIN)
