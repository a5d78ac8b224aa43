"""Accounts of the stand-in service: keys, plans, credits, the quota of the day and the rate limit."""

from __future__ import annotations

import hmac
import re
import secrets
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What an account of one kind may do.

    Attributes
    ----------
    name
        The service's word: ``premium``, ``registered`` or ``unregistered``.
    jobs
        Unprocessed jobs at a time.
    upload_bytes, seconds
        Largest file, longest audio.
    per_day
        Separations in any 24 hours; None without a limit.
    """

    name: str
    jobs: int
    upload_bytes: int
    seconds: float
    per_day: int | None


REGISTERED = Plan("registered", 1, 100 << 20, 600.0, 50)
PREMIUM = Plan("premium", 10, 1000 << 20, 6000.0, None)


@dataclass(slots=True)
class Account:
    """One account. ``credits`` are the service's ``premium_minutes``."""

    name: str
    email: str
    password: str = field(repr=False)
    key: str | None = field(default=None, repr=False)
    credits: int = 0
    premium_enabled: bool = False
    long_names: bool = False
    created: deque[float] = field(default_factory=deque, repr=False)

    @property
    def premium(self) -> bool:
        """True when there are credits, and the user lets them be spent."""
        return self.premium_enabled and self.credits > 0

    def used_today(self, now: float) -> int:
        """Give the separations made in the 24 hours before ``now``."""
        while self.created and self.created[0] <= now - DAY:
            self.created.popleft()
        return len(self.created)

    def profile(self) -> dict[str, object]:
        """Give what ``login`` and ``user`` tell of the account."""
        return {
            "name": self.name,
            "email": self.email,
            "api_token": self.key,
            "premium_minutes": self.credits,
            "premium_enabled": int(self.premium_enabled),
            "long_filenames_enabled": int(self.long_names),
        }


class Accounts:
    """All accounts, by key and by e-mail. Not locked: the service's lock guards it."""

    def __init__(self, accounts: Iterable[Account] = ()) -> None:
        self._all: list[Account] = list(accounts)

    def add(self, account: Account) -> Account:
        """Take an account in, and give it back."""
        self._all.append(account)
        return account

    def by_key(self, key: str) -> Account | None:
        """Find the account of a key."""
        for account in self._all:
            if account.key is not None and hmac.compare_digest(account.key.encode(), key.encode()):
                return account
        return None

    def by_login(self, email: str, password: str) -> Account | None:
        """Find the account of an e-mail address and its password."""
        for account in self._all:
            if account.email.casefold() == email.casefold() and hmac.compare_digest(
                account.password.encode(), password.encode()
            ):
                return account
        return None

    def register(self, name: str, email: str, password: str, again: str) -> dict[str, list[str]]:
        """Open an account; give the complaints by field, none when it was opened."""
        wrong: dict[str, list[str]] = {}
        if not name.strip():
            wrong["name"] = ["A name is required."]
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            wrong["email"] = ["This is not an e-mail address."]
        elif any(account.email.casefold() == email.casefold() for account in self._all):
            wrong["email"] = ["There is an account with this e-mail address."]
        if len(password) < 8:
            wrong["password"] = ["A password has at least 8 characters."]
        elif password != again:
            wrong["password"] = ["The two passwords differ."]
        if not wrong:
            self.add(Account(name, email, password, key=secrets.token_urlsafe(24)))
        return wrong


class RateLimit:
    """So many requests in any minute, counted per caller.

    Parameters
    ----------
    per_minute
        The limit; None to count nothing.
    """

    def __init__(self, per_minute: int | None) -> None:
        self.per_minute = per_minute
        self._seen: dict[str, deque[float]] = {}

    def take(self, caller: str, now: float) -> tuple[int, int]:
        """Count one request; give what remains (below 0: refused) and the seconds to wait."""
        if self.per_minute is None:
            return 1, 0
        times = self._seen.setdefault(caller, deque())
        while times and times[0] <= now - 60:
            times.popleft()
        if len(times) >= self.per_minute:
            return -1, max(1, int(times[0] + 60 - now) + 1)
        times.append(now)
        return self.per_minute - len(times), 0
