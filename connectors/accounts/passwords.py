"""Passwords: the rules for a new one, its digest, and the check of one that was typed.

``services.access.accounts`` calls it. Argon2id with the parameters that argon2-cffi recommends (RFC 9106, low memory); a digest of older
parameters is made anew when its owner signs in. Rules: NIST SP 800-63B § 5.1.1.2, length and a list of common ones, no required characters.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from policies.language.people import person
from policies.problems.problems import HuiminError
from policies.values import Text

SHORTEST, LONGEST = 10, 256
"""The least and the most characters of a password."""
_COMMON = """
    1234567890 0123456789 12345678910 123456789a a123456789 1234567891 0987654321 9876543210 1111111111 0000000000 8888888888
    6666666666 1qaz2wsx3edc 1q2w3e4r5t 1q2w3e4r5t6y qwertyuiop qwerty12345 qwerty123456 qwer1234567 asdfghjkl1 zaq12wsxcde
    password12 password123 password1234 password01 passw0rd123 p@ssw0rd123 p@ssword123 admin12345 admin123456 administrator
    administrator1 root123456 welcome123 welcome1234 letmein1234 changeme123 iloveyou123 iloveyou520 woaini1314 woaini520
    woaini5201314 5201314520 5201314000 1314520520 abc1234567 abcd123456 abc123456789 aa12345678 aa123456789 qq123456789
    huimin1234 huimin12345 huimin2026 huiminhuimin shanghai2026 putuo123456 zhongguo123 beijing2008 1234512345 1122334455
    1223334444 1357924680 147258369a 789456123a 1472583690
"""
COMMON = frozenset(_COMMON.split())
"""Passwords that are guessed first."""


class UnfitPassword(HuiminError):
    """A new password that breaks a rule (its owner: choose another; 2)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(Text(zh, en), 2)


def check_new_password(password: str, name: str, title: str = "") -> None:
    """Passes a new password for the account of this name.

    Raises:
        UnfitPassword: it is too short or too long, common, the name itself, or a few signs repeated.
    """
    plain = _plain(password)
    if len(plain) < SHORTEST:
        raise UnfitPassword(f"密码太短：至少 {SHORTEST} 个字符。", f"The password is too short: at least {SHORTEST} characters.")
    if len(plain) > LONGEST:
        raise UnfitPassword(f"密码太长：最多 {LONGEST} 个字符。", f"The password is too long: at most {LONGEST} characters.")
    if plain.casefold() in COMMON or len(set(plain)) < 4:
        raise UnfitPassword("这个密码太常见，一猜就中；请换一个。", "This password is among the first that are guessed; choose another.")
    core = person(plain).strip("0123456789")
    if core and core in {person(name).strip("0123456789"), person(title)}:
        raise UnfitPassword("密码不能就是账号名或姓名；请换一个。", "The password must not be the account's name; choose another.")


def password_digest(password: str) -> str:
    """The digest of a password, with its parameters and a salt of its own."""
    return _hasher().hash(_plain(password))


def is_password(digest: str | None, password: str) -> bool:
    """Whether a password is that of a digest; without a digest it takes as long, and is not."""
    try:
        _hasher().verify(digest or _nobody(), _plain(password))
        return digest is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_new_digest(digest: str) -> bool:
    """Whether a digest was made with other parameters than today's."""
    return _hasher().check_needs_rehash(digest)


def _plain(password: str) -> str:
    """The same password from every keyboard (NFKC, as NIST SP 800-63B asks)."""
    return unicodedata.normalize("NFKC", password)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    """A digest of which nobody knows the password."""
    return _hasher().hash("there is no such account, and the check takes as long")
