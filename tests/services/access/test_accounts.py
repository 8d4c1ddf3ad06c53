"""Keeping accounts, signing in, tokens: who may, what is refused, and what ends at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from connectors.accounts.attempts import LIMITS, TooManyAttempts
from connectors.accounts.grants import Role, grant_of
from connectors.accounts.passwords import UnfitPassword
from connectors.accounts.records import NoAccount
from policies.problems.problems import Conflict, HuiminError
from services.access.account_book import AccountBook, actor_of, opened_book
from services.access.accounts import (
    account,
    accounts,
    add_account,
    grant_role,
    map_os_user,
    revoke_role,
    set_disabled,
    set_password,
    set_subject,
)
from services.access.actions import Action
from services.access.actor import actor_of_os_user
from services.access.deciding import AccessDenied, Actor, Target, decide, owner
from services.access.machine_tokens import BY_PEOPLE, issue_token, revoke_token, tokens_of
from services.access.signing_in import (
    NotSignedIn,
    actor_of_session,
    actor_of_token,
    change_own_password,
    make_first_link,
    make_reset_link,
    sign_in,
    sign_in_subject,
    sign_out,
    use_first_link,
    use_reset_link,
)

NOW = datetime(2026, 10, 15, 9, tzinfo=UTC)
GOOD, BETTER = "梧桐树下 7 只猫 walk", "correct horse battery"
STEWARD = "steward:310107:putuo-psb"


@pytest.fixture
def book(tmp_path: Path) -> Iterator[AccountBook]:
    """An operator, who is the first, and a steward with a password."""
    with opened_book(tmp_path) as book:
        add_account(book, owner("root"), "ops", "运维 周平", [grant_of("operator:310107")], NOW, "zhou")
        add_account(book, ops(book), "he.min", "何敏，人口办", [grant_of(STEWARD)], NOW)
        set_password(book, ops(book), "he.min", GOOD)
        yield book


def ops(book: AccountBook) -> Actor:
    return actor_of(book.store.account("ops"))


def test_the_first_account_is_an_operators_and_belongs_to_whoever_made_it(tmp_path: Path) -> None:
    """Or they would have locked themselves out with it."""
    with opened_book(tmp_path) as book:
        assert actor_of_os_user(tmp_path, "zhou").is_owner
        with pytest.raises(HuiminError, match="needs the role operator"):
            add_account(book, owner("zhou"), "wang", "", [grant_of("officer:31")], NOW, "zhou")
        assert book.store.is_empty()
        add_account(book, owner("zhou"), "ops", "", [grant_of("operator:31")], NOW, "zhou")

    assert actor_of_os_user(tmp_path, "zhou").name == "ops"
    with pytest.raises(AccessDenied, match="the user wang of this machine acts as none in use"):
        actor_of_os_user(tmp_path, "wang")


@pytest.mark.parametrize("name", ["", "a b", "a:b", "x" * 41, "…", "a/b", "\u200b", "a\nb"])
def test_an_unfit_name_is_refused(book: AccountBook, name: str) -> None:
    with pytest.raises(HuiminError) as refused:
        add_account(book, ops(book), name, "", [], NOW)
    assert refused.value.exit_code == 2


def test_only_operators_keep_accounts(book: AccountBook) -> None:
    """Everybody else looks at their own, and changes nothing."""
    steward = actor_of(book.store.account("he.min"))

    attempts: tuple[Callable[[], object], ...] = (
        lambda: add_account(book, steward, "x", "", [], NOW), lambda: grant_role(book, steward, "he.min", grant_of("officer:31")),
        lambda: revoke_role(book, steward, "ops", grant_of("operator:310107")), lambda: set_disabled(book, steward, "ops", True),
        lambda: set_password(book, steward, "ops", BETTER), lambda: map_os_user(book, steward, "ops", "he"),
        lambda: set_subject(book, steward, "he.min", "issuer 1"), lambda: accounts(book, steward), lambda: account(book, steward, "ops"),
        lambda: make_reset_link(book, steward, "ops", NOW), lambda: tokens_of(book, steward, "ops"),
    )  # fmt: skip
    for change in attempts:
        with pytest.raises(AccessDenied):
            change()
    assert account(book, steward, "he.min").name == "he.min"
    assert [each.name for each in accounts(book, ops(book))] == ["he.min", "ops"]


def test_nobody_gives_themselves_rights_and_one_operator_stays(book: AccountBook) -> None:
    """Another operator may; then the first can be disabled, too."""
    operator = ops(book)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: grant_role(book, operator, "ops", grant_of("clerk:310107:a")),
        lambda: revoke_role(book, operator, "ops", grant_of("operator:310107")), lambda: set_disabled(book, operator, "ops", True),
    )  # fmt: skip
    for change in attempts:
        with pytest.raises(Conflict, match="own account"):
            change()
    with pytest.raises(Conflict, match="no operator could sign in"):
        set_disabled(book, owner("root"), "ops", True)
    with pytest.raises(Conflict, match="no operator could sign in"):
        revoke_role(book, owner("root"), "ops", grant_of("operator:310107"))
    assert actor_of(book.store.account("ops")).roles == {Role.OPERATOR}
    assert not book.store.account("ops").disabled

    second = actor_of(add_account(book, operator, "second", "", [grant_of("operator:31")], NOW))
    with pytest.raises(Conflict, match="no operator could sign in"):
        set_disabled(book, second, "ops", True)
    with pytest.raises(Conflict, match="no operator could sign in"):
        map_os_user(book, operator, "ops", "zhou", remove=True)
    assert book.store.account("ops").os_users == ("zhou",)
    map_os_user(book, operator, "second", "second")
    assert set_disabled(book, second, "ops", True).disabled


def test_a_grant_that_is_not_there_cannot_be_revoked(book: AccountBook) -> None:
    with pytest.raises(HuiminError, match="has no grant"):
        revoke_role(book, ops(book), "he.min", grant_of("officer:31"))
    with pytest.raises(NoAccount):
        grant_role(book, ops(book), "nobody", grant_of("officer:31"))


def test_signing_in_gives_the_rights_of_now(book: AccountBook) -> None:
    """A grant that is revoked meanwhile is gone in the running session; signing out ends it."""
    signed = sign_in(book, "He.Min ", GOOD, "192.0.2.1", NOW)
    target = Target(unit="putuo-psb", feed="hukou")

    assert signed.actor.name == "he.min" and signed.actor.title == "何敏，人口办"
    actor, session = actor_of_session(book, signed.secret, NOW) or pytest.fail("no session")
    assert session.csrf == signed.session.csrf
    assert decide(actor, Action.TAKE_IN, target).allowed
    revoke_role(book, ops(book), "he.min", grant_of(STEWARD))
    actor, _ = actor_of_session(book, signed.secret, NOW) or pytest.fail("no session")
    assert not decide(actor, Action.TAKE_IN, target).allowed
    sign_out(book, signed.secret)
    assert actor_of_session(book, signed.secret, NOW) is None


def test_every_wrong_way_to_sign_in_gets_one_answer(book: AccountBook) -> None:
    """A wrong password, an unknown name, an account without password, a disabled one."""
    set_disabled(book, ops(book), "he.min", True)
    texts = set()
    for name, password in (("he.min", GOOD), ("he.min", BETTER), ("nobody", GOOD), ("ops", GOOD)):
        with pytest.raises(NotSignedIn) as refused:
            sign_in(book, name, password, None, NOW)
        texts.add(refused.value.text)
    assert len(texts) == 1


def test_a_locked_account_does_not_even_take_the_right_password(book: AccountBook) -> None:
    """Until the wait is over; an operator's link lets its holder in at once."""
    for _ in range(LIMITS["account"].free):
        with pytest.raises(NotSignedIn):
            sign_in(book, "he.min", "wrong", None, NOW)
    with pytest.raises(TooManyAttempts):
        sign_in(book, "he.min", GOOD, None, NOW)

    secret, _ = make_reset_link(book, ops(book), "he.min", NOW)
    assert use_reset_link(book, secret, BETTER, NOW).actor.name == "he.min"
    sign_in(book, "he.min", BETTER, None, NOW)
    later = NOW + LIMITS["account"].first
    for _ in range(LIMITS["account"].free):
        with pytest.raises(NotSignedIn):
            sign_in(book, "he.min", "wrong", None, NOW)
    sign_in(book, "he.min", BETTER, None, later)


def test_a_digest_of_older_parameters_is_made_anew_when_its_owner_signs_in(book: AccountBook) -> None:
    """And the same password is right afterwards."""
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    book.store.set_digest("he.min", old)

    sign_in(book, "he.min", GOOD, None, NOW)

    assert book.store.digest("he.min") not in (old, None)
    sign_in(book, "he.min", GOOD, None, NOW)


def test_a_new_password_ends_what_the_old_one_began(book: AccountBook) -> None:
    """Sessions and links; the one who changed it gets a new session."""
    before = sign_in(book, "he.min", GOOD, None, NOW)
    link, _ = make_reset_link(book, ops(book), "he.min", NOW)
    with pytest.raises(NotSignedIn):
        change_own_password(book, "he.min", BETTER, BETTER, None, NOW)
    with pytest.raises(UnfitPassword):
        change_own_password(book, "he.min", GOOD, "he.min", None, NOW)

    after = change_own_password(book, "he.min", GOOD, BETTER, None, NOW)

    assert actor_of_session(book, before.secret, NOW) is None
    assert actor_of_session(book, after.secret, NOW) is not None
    with pytest.raises(NotSignedIn):
        use_reset_link(book, link, GOOD, NOW)


def test_a_disabled_account_is_out_everywhere_at_once(book: AccountBook, tmp_path: Path) -> None:
    """By session, token, link, subject and on the command line; when it is enabled again, tokens stay revoked."""
    map_os_user(book, ops(book), "he.min", "hemin")
    set_subject(book, ops(book), "he.min", "https://id.example 7")
    session = sign_in_subject(book, "https://id.example 7", NOW).secret
    issued = issue_token(book, ops(book), "he.min", "nightly", ["delivery.take_in"], None, 30, NOW)
    link, _ = make_reset_link(book, ops(book), "he.min", NOW)
    assert actor_of_os_user(tmp_path, "hemin").name == "he.min"

    set_disabled(book, ops(book), "he.min", True)

    assert actor_of_session(book, session, NOW) is None
    assert actor_of_token(book, issued.secret, NOW) is None
    ways: tuple[Callable[[], object], ...] = (
        lambda: use_reset_link(book, link, BETTER, NOW), lambda: sign_in_subject(book, "https://id.example 7", NOW),
    )  # fmt: skip
    for refused in ways:
        with pytest.raises(NotSignedIn):
            refused()
    with pytest.raises(AccessDenied):
        actor_of_os_user(tmp_path, "hemin")
    set_disabled(book, ops(book), "he.min", False)
    assert actor_of_token(book, issued.secret, NOW) is None
    assert actor_of_os_user(tmp_path, "hemin").name == "he.min"


def test_the_first_link_makes_an_operator_once(tmp_path: Path) -> None:
    """An unfit name or password leaves it good; a second use, or a second link, is refused."""
    with opened_book(tmp_path) as book:
        secret, _ = make_first_link(book, NOW)
        with pytest.raises(UnfitPassword):
            use_first_link(book, secret, "ops", "", "short", "310107", NOW, "root")
        with pytest.raises(HuiminError, match="names a division"):
            use_first_link(book, secret, "ops", "", GOOD, "x", NOW, "root")
        assert book.store.is_empty()

        signed = use_first_link(book, secret, "ops", "", GOOD, "310107", NOW, "root")

        assert decide(signed.actor, Action.WRITE_ACCOUNTS).allowed
        assert actor_of_os_user(tmp_path, "root").name == "ops"
        with pytest.raises(NotSignedIn):
            use_first_link(book, secret, "ops2", "", GOOD, "310107", NOW)
        with pytest.raises(Conflict):
            make_first_link(book, NOW)


def test_a_first_link_is_no_way_in_once_there_are_accounts(tmp_path: Path) -> None:
    with opened_book(tmp_path) as book:
        secret, _ = make_first_link(book, NOW)
        add_account(book, owner("root"), "ops", "", [grant_of("operator:31")], NOW)
        with pytest.raises(Conflict):
            use_first_link(book, secret, "evil", "", GOOD, "31", NOW)
        with pytest.raises(NotSignedIn):
            use_reset_link(book, secret, GOOD, NOW)
        assert [each.name for each in book.store.accounts()] == ["ops"]


def test_a_token_does_what_it_is_for_and_no_more(book: AccountBook) -> None:
    """Its account's other rights and other feeds are out of its reach; rights that the account loses are lost to it."""
    issued = issue_token(
        book, ops(book), "he.min", "nightly", ["delivery.take_in", "delivery.read"], ["hukou"], 30, NOW, {"hukou", "pension"}
    )
    machine = actor_of_token(book, issued.secret, NOW) or pytest.fail("no token")
    hukou = Target(unit="putuo-psb", feed="hukou")

    assert (machine.name, machine.token) == ("he.min", issued.token.id)
    assert decide(machine, Action.TAKE_IN, hukou).allowed
    assert not decide(machine, Action.STATE_COVERAGE, hukou).allowed
    assert not decide(machine, Action.TAKE_IN, hukou._replace(feed="pension")).allowed
    assert not decide(machine, Action.READ_DELIVERIES, hukou._replace(unit="other")).allowed
    assert actor_of_token(book, issued.secret, NOW + timedelta(days=30)) is None
    revoke_role(book, ops(book), "he.min", grant_of(STEWARD))
    assert not decide(actor_of_token(book, issued.secret, NOW) or machine, Action.TAKE_IN, hukou).allowed


def test_a_token_is_issued_and_revoked_by_its_holder_or_an_operator(book: AccountBook) -> None:
    """Stewards have machines of their own; clerks have none."""
    steward = actor_of(book.store.account("he.min"))
    clerk = actor_of(add_account(book, ops(book), "wang", "", [grant_of("clerk:310107:a")], NOW))
    issued = issue_token(book, steward, "he.min", "nightly", ["delivery.take_in"], None, 30, NOW)

    with pytest.raises(AccessDenied):
        issue_token(book, clerk, "wang", "", ["list.read"], None, 30, NOW)
    with pytest.raises(AccessDenied):
        issue_token(book, steward, "ops", "", ["day.move"], None, 30, NOW)
    with pytest.raises(AccessDenied):
        revoke_token(book, clerk, issued.token.id)
    assert tokens_of(book, steward, "he.min") == [issued.token]
    revoke_token(book, steward, issued.token.id)
    assert actor_of_token(book, issued.secret, NOW) is None
    with pytest.raises(HuiminError, match="no token"):
        revoke_token(book, steward, issued.token.id)


@pytest.mark.parametrize(
    ("actions", "feeds", "days", "why"),
    [
        (["delivery.takein"], None, 30, "There is no action 'delivery.takein'"), (["list.read"], None, 30, "may not do list.read itself"),
        ([], None, 30, "Say what the token is for"), (["delivery.take_in"], None, 0, "1 to 400 days"),
        (["delivery.take_in"], None, 401, "1 to 400 days"), (["delivery.take_in"], ["hukuo"], 30, "no feed 'hukuo'"),
        (["token.issue"], None, 30, "done by people alone"),
    ],
)  # fmt: skip
def test_a_token_that_could_not_be_is_refused(book: AccountBook, actions: list[str], feeds: list[str] | None, days: int, why: str) -> None:
    with pytest.raises(HuiminError, match=why) as refused:
        issue_token(book, ops(book), "he.min", "", actions, feeds, days, NOW, {"hukou"})
    assert refused.value.exit_code == 2
    assert book.tickets.tokens() == []


def test_no_machine_approves() -> None:
    assert {action for action in Action if action.endswith(".approve")} <= BY_PEOPLE


def test_a_token_that_was_stored_for_an_action_of_another_version_opens_nothing_by_it(book: AccountBook) -> None:
    secret, _ = book.tickets.issue_token("he.min", "", ["gone.action", "delivery.read"], None, NOW, NOW + timedelta(days=1))

    actor = actor_of_token(book, secret, NOW) or pytest.fail("no token")
    assert actor.actions == frozenset({Action.READ_DELIVERIES})
    assert replace(actor, actions=None).parts.keys() > actor.parts.keys()
