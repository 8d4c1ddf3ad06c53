"""Rules for new passwords, digests, and digests of older parameters."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from connectors.accounts.passwords import (
    COMMON,
    SHORTEST,
    UnfitPassword,
    check_new_password,
    is_password,
    needs_new_digest,
    password_digest,
)

GOOD = "梧桐树下 7 只猫 walk"


@pytest.mark.parametrize(
    "bad",
    ["", "short", "九个字符的密码不行", "password1234", "PASSWORD1234", "aaaaaaaaaaaa", "abababababab", "wangfang-wf", "WangFang.Wf1", "x" * 257,
     "普陀区民政局王芳同志"],
)  # fmt: skip
def test_a_weak_password_is_refused(bad: str) -> None:
    """Too short, too long, common, repeated, or the name in another spelling."""
    with pytest.raises(UnfitPassword) as refused:
        check_new_password(bad, "wangfangwf", "普陀区民政局王芳同志")
    assert refused.value.exit_code == 2
    assert len(bad) < 6 or bad not in refused.value.text.en


def test_a_good_password_passes() -> None:
    check_new_password(GOOD, "wangfang")
    check_new_password("correct horse battery", "wangfang")


def test_every_common_password_would_pass_otherwise() -> None:
    """The list has only what the other rules let through, in small letters."""
    assert [word for word in COMMON if word != word.casefold()] == []
    assert len([word for word in COMMON if len(word) >= SHORTEST]) > 60


def test_a_digest_is_of_its_password_alone() -> None:
    """Two digests of one password differ; the width of letters does not matter; nobody's digest is nobody's."""
    digest = password_digest(GOOD)

    assert digest != password_digest(GOOD)
    assert digest.startswith("$argon2id$")
    assert is_password(digest, GOOD) and is_password(digest, GOOD.replace("7", "７"))
    assert not is_password(digest, GOOD + " ")
    assert not is_password(None, GOOD) and not is_password(None, "there is no such account, and the check takes as long")
    assert not is_password("damaged", GOOD)


def test_a_digest_of_older_parameters_is_told() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)

    assert is_password(old, GOOD)
    assert needs_new_digest(old) and not needs_new_digest(password_digest(GOOD))
