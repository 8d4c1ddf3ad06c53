"""Failed attempts to sign in: counted by account and by source, and refused for a while after too many.

An attempt is counted before the password is looked at, and taken back where it was right: so many attempts at once are no way around the
count. The wait doubles, and ends by itself, so nobody can lock somebody else out for long. Time is an argument.
Source: OWASP Authentication Cheat Sheet, "Account Lockout".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from connectors.accounts.database import AccountDatabase, moment_of, seconds
from connectors.accounts.records import FailedAttempts
from policies.language.people import person
from policies.problems.problems import HuiminError
from policies.values import Text

FORGOTTEN = timedelta(hours=24)
"""After so long without a failure the count begins anew."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures are free, the first wait, and the longest."""

    free: int
    first: timedelta
    longest: timedelta

    def wait(self, failures: int) -> timedelta:
        """The wait after so many failures: none at first, then twice as long each time."""
        over = failures - self.free
        return timedelta() if over < 0 else min(self.first * 2 ** min(over, 20), self.longest)


LIMITS = {
    "account": Limit(5, timedelta(seconds=30), timedelta(minutes=15)),
    "source": Limit(20, timedelta(seconds=30), timedelta(hours=1)),
}


class TooManyAttempts(HuiminError):
    """Too many attempts to sign in have failed (whoever signs in: wait; 5).

    Args:
        seconds: until the next attempt is looked at.
    """

    def __init__(self, seconds: int) -> None:
        zh, en = (
            f"登录失败次数过多。请在 {seconds} 秒后再试。",
            f"Too many attempts to sign in have failed. Try again in {seconds} seconds.",
        )
        super().__init__(Text(zh, en), 5)
        self.seconds = seconds


class Attempts:
    """The attempts of a database of accounts."""

    def __init__(self, database: AccountDatabase) -> None:
        self._db = database

    def begin(self, name: str, source: str | None, now: datetime) -> None:
        """Counts an attempt, as one that fails.

        Args:
            source: the address it comes from; None on the command line, where the system knows who it is.

        Raises:
            TooManyAttempts: it is not even looked at.
        """
        with self._db.change():
            counted = [(kind, about, self._of(kind, about, now)) for kind, about in self._keys(name, source)]
            waits = [seconds(past.until) - seconds(now) for _, _, past in counted if past.until is not None and past.until > now]
            if waits:
                raise TooManyAttempts(max(waits))
            for kind, about, past in counted:
                failures = past.failures + 1
                until = now + LIMITS[kind].wait(failures)
                self._db.write(
                    "INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?)", kind, about, failures, seconds(now), seconds(until)
                )

    def take_back(self, name: str, source: str | None, now: datetime) -> None:
        """Takes an attempt back: the account's count begins anew, and its source has one failure less."""
        with self._db.change():
            for kind, about in self._keys(name, source):
                past = self._of(kind, about, now)
                if kind == "account" or past.failures <= 1:
                    self._db.write("DELETE FROM attempts WHERE kind = ? AND about = ?", kind, about)
                else:
                    self._db.write("UPDATE attempts SET failures = failures - 1, until = NULL WHERE kind = ? AND about = ?", kind, about)

    def forget(self, name: str) -> None:
        """Begins the count of an account anew: an operator has given it a new link."""
        self._db.write("DELETE FROM attempts WHERE kind = 'account' AND about = ?", self._about(person(name)))

    def clean(self, now: datetime) -> None:
        """Removes counts that are forgotten."""
        self._db.write("DELETE FROM attempts WHERE last <= ?", seconds(now - FORGOTTEN))

    def _of(self, kind: str, about: bytes, now: datetime) -> FailedAttempts:
        rows = self._db.rows("SELECT failures, last, until FROM attempts WHERE kind = ? AND about = ?", kind, about)
        if not rows or rows[0][1] <= seconds(now - FORGOTTEN):
            return FailedAttempts(0, now)
        failures, last, until = rows[0]
        return FailedAttempts(failures, moment_of(last), None if until is None else moment_of(until))

    def _keys(self, name: str, source: str | None) -> list[tuple[str, bytes]]:
        return [("account", self._about(person(name))), *([] if source is None else [("source", self._about(source))])]

    def _about(self, text: str) -> bytes:
        """A keyed digest: the file names neither addresses nor what people type into the field of the name, their password for example."""
        key = self._db.rows("SELECT key FROM keys WHERE name = 'sources'")[0][0]
        return blake2b(text.encode(), digest_size=16, key=key).digest()
