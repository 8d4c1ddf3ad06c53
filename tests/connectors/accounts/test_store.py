"""The file of accounts: names, grants, tokens, links, sessions, failed attempts; and several processes at once."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.accounts.attempts import FORGOTTEN, LIMITS, Attempts, TooManyAttempts
from connectors.accounts.database import FILE, AccountDatabase
from connectors.accounts.grants import Grant, Role
from connectors.accounts.records import AccountExists, NoAccount
from connectors.accounts.store import AccountStore
from connectors.accounts.tickets import IDLE, LINK, SESSION, Tickets
from policies.problems.problems import HuiminError
from streams.language.errors import DamagedStore, NewerFormat

NOW = datetime(2026, 10, 15, 9, tzinfo=UTC)
CLERK, OFFICER = Grant(Role.CLERK, "310107", "putuo-civil-affairs"), Grant(Role.OFFICER, "310107")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[AccountDatabase]:
    database = AccountDatabase(tmp_path / FILE, create=True)
    AccountStore(database).add("wang", "王芳", [CLERK], NOW)
    yield database
    database.close()


def test_an_account_is_read_as_it_was_written(database: AccountDatabase) -> None:
    """By another connection too, in the order of names."""
    store = AccountStore(database)
    store.add("Li", "李强", [], NOW)
    store.grant("Li", OFFICER)
    store.grant("Li", OFFICER)
    store.map_os_user("wang", "wfang")
    store.set_subject("wang", "https://id.example 7")

    again = AccountStore(AccountDatabase(database.path))

    assert [account.name for account in again.accounts()] == ["Li", "wang"]
    assert again.account("Li").grants == (OFFICER,)
    assert again.of_os_user("wfang") == again.of_subject("https://id.example 7") == again.account("wang")
    assert again.account("wang").created == NOW
    assert again.of_os_user("root") is None
    assert again.of_person("ＷＡＮＧ ") == again.account("wang")
    assert store.revoke("Li", OFFICER) and not store.revoke("Li", OFFICER)
    assert again.account("Li").grants == ()


def test_a_name_and_a_user_belong_to_one_account(database: AccountDatabase) -> None:
    """Case, width and spaces make no other name; the first stays as it was."""
    store = AccountStore(database)
    store.add("li", "", [], NOW)
    store.map_os_user("wang", "wfang")
    store.set_subject("wang", "issuer 7")

    changes: tuple[Callable[[], None], ...] = (
        lambda: store.add("Wang ", "", [OFFICER], NOW), lambda: store.map_os_user("li", "wfang"), lambda: store.set_subject("li", "issuer 7"),
    )  # fmt: skip
    for change in changes:
        with pytest.raises(AccountExists):
            change()

    assert [(account.name, account.os_users) for account in store.accounts()] == [("li", ()), ("wang", ("wfang",))]
    with pytest.raises(NoAccount):
        store.account("zhang")


def test_the_file_is_its_owners_alone_and_holds_no_secret(database: AccountDatabase, tmp_path: Path) -> None:
    """Nor the address of a source; and nothing lies beside it between transactions."""
    tickets = Tickets(database)
    token, _ = tickets.issue_token("wang", "script", ["list.read"], None, NOW, NOW + timedelta(days=9))
    link, _ = tickets.make_link("wang", "reset", NOW)
    session, _ = tickets.begin_session("wang", NOW)
    Attempts(database).begin("my-own-password", "192.0.2.77", NOW)
    data = (tmp_path / FILE).read_bytes()

    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [
        text for text in (token, token.removeprefix("huimin_"), link, session, "192.0.2.77", "my-own-password") if text.encode() in data
    ] == []
    assert b"wang" in data


def test_a_token_is_good_until_it_expires_or_is_revoked(database: AccountDatabase) -> None:
    """It keeps its actions and feeds; another text is no token."""
    tickets, expires = Tickets(database), NOW + timedelta(days=30)
    secret, token = tickets.issue_token("wang", "nightly", ["delivery.take_in"], ["hukou"], NOW, expires)

    assert secret.startswith("huimin_") and secret not in repr(token)
    assert tickets.token(secret, NOW) == tickets.token(secret, expires - timedelta(seconds=1)) == token
    assert token.actions == frozenset({"delivery.take_in"}) and token.feeds == frozenset({"hukou"})
    assert tickets.token(secret, expires) is None
    assert tickets.token(secret + "x", NOW) is None
    assert tickets.revoke_token(token.id) and not tickets.revoke_token(token.id)
    assert tickets.token(secret, NOW) is None
    assert [each.revoked for each in tickets.tokens("wang")] == [True]


def test_a_link_is_good_once_and_for_a_day(database: AccountDatabase) -> None:
    """A later link makes the earlier one void."""
    tickets = Tickets(database)
    first, _ = tickets.make_link("wang", "first", NOW)
    second, link = tickets.make_link("wang", "reset", NOW)

    assert tickets.use_link(first, NOW) is None
    assert tickets.use_link(second, NOW + LINK) is None
    assert tickets.use_link(second, NOW + LINK - timedelta(seconds=1)) == link
    assert tickets.use_link(second, NOW) is None


def test_a_session_ends_by_time_idleness_and_word(database: AccountDatabase) -> None:
    """Requests keep it alive up to its longest; signing out ends it at once; two have different secrets for their forms."""
    tickets = Tickets(database)
    secret, session = tickets.begin_session("wang", NOW)
    other, other_session = tickets.begin_session("wang", NOW)

    assert session.csrf != other_session.csrf and session.csrf not in secret
    tickets.end_session(other)
    assert tickets.session(other, NOW) is None
    now = NOW
    while now < NOW + SESSION:
        assert tickets.session(secret, now) == session
        now += IDLE - timedelta(seconds=1)
    assert tickets.session(secret, NOW + SESSION) is None

    idle, _ = tickets.begin_session("wang", NOW)
    assert tickets.session(idle, NOW + IDLE) is None
    tickets.end_all("wang")
    assert tickets.session(secret, NOW) is None


def test_after_too_many_failures_an_account_waits_longer_each_time(database: AccountDatabase) -> None:
    """The wait doubles up to its longest, then stays; a success begins anew."""
    attempts, limit, now = Attempts(database), LIMITS["account"], NOW
    for _ in range(limit.free):
        attempts.begin("wang", None, now)
    waits = []
    for _ in range(8):
        with pytest.raises(TooManyAttempts) as refused:
            attempts.begin("Ｗang", None, now)
        waits.append(refused.value.seconds)
        now += timedelta(seconds=refused.value.seconds)
        attempts.begin("wang", None, now)

    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    attempts.take_back("wang", None, now)
    for _ in range(limit.free):
        attempts.begin("wang", None, now)


def test_a_source_that_tries_many_names_waits_and_others_do_not(database: AccountDatabase) -> None:
    """An own success in between does not begin its count anew."""
    attempts, limit = Attempts(database), LIMITS["source"]
    for number in range(limit.free):
        attempts.begin(f"name{number}", "192.0.2.1", NOW)
        attempts.begin("own", "192.0.2.1", NOW) if number == 3 else None
        attempts.take_back("own", "192.0.2.1", NOW) if number == 3 else None

    with pytest.raises(TooManyAttempts):
        attempts.begin("another", "192.0.2.1", NOW)
    attempts.begin("another", "192.0.2.2", NOW)
    attempts.begin("another", "192.0.2.1", NOW + FORGOTTEN)


def test_what_is_forgotten_is_removed(database: AccountDatabase) -> None:
    attempts = Attempts(database)
    attempts.begin("wang", "192.0.2.1", NOW)
    attempts.clean(NOW + FORGOTTEN)

    assert database.rows("SELECT * FROM attempts") == []


def fail(path: str, times: int) -> None:
    attempts = Attempts(AccountDatabase(Path(path)))
    for _ in range(times):
        attempts.begin("somebody", f"192.0.2.{multiprocessing.current_process().name[-1]}", NOW)


def use(path: str, secret: str, good: multiprocessing.Queue[bool]) -> None:
    good.put(Tickets(AccountDatabase(Path(path))).use_link(secret, NOW) is not None)


def test_no_failure_of_two_processes_is_lost(database: AccountDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both count in the same row; neither overwrites the other."""
    monkeypatch.setitem(LIMITS, "account", LIMITS["account"].__class__(1000, timedelta(1), timedelta(1)))
    monkeypatch.setitem(LIMITS, "source", LIMITS["account"])
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=fail, args=(str(database.path), 25)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0]
    assert database.rows("SELECT failures FROM attempts WHERE kind = 'account'") == [(50,)]


def test_one_of_several_processes_uses_a_link(database: AccountDatabase) -> None:
    secret, _ = Tickets(database).make_link("wang", "first", NOW)
    fork = multiprocessing.get_context("fork")
    good = fork.Queue()
    processes = [fork.Process(target=use, args=(str(database.path), secret, good)) for _ in range(4)]
    for process in processes:
        process.start()
    answers = [good.get() for _ in processes]
    for process in processes:
        process.join()

    assert sorted(answers) == [False, False, False, True]


def test_two_processes_make_one_file(tmp_path: Path) -> None:
    """The tables are made once, whoever is first."""
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=AccountDatabase, args=(tmp_path / FILE, True)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0] * 4
    AccountDatabase(tmp_path / FILE).check()


def test_a_damaged_or_newer_file_is_refused_with_its_name(tmp_path: Path, database: AccountDatabase) -> None:
    """Nothing is guessed, and the file stays as it is."""
    database.check()
    (tmp_path / "torn").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with sqlite3.connect(tmp_path / "newer") as db:
        db.execute("PRAGMA user_version = 99")

    for name, error in (("torn", DamagedStore), ("newer", NewerFormat)):
        with pytest.raises(error, match=name):
            AccountDatabase(tmp_path / name)


def test_a_change_that_fails_is_undone(database: AccountDatabase) -> None:
    """An account with a grant that cannot be stored is not there at all."""
    with pytest.raises(HuiminError):
        AccountStore(database).add("li", "", [OFFICER, Grant("boss", None)], NOW)  # type: ignore[arg-type]  # what no caller may give

    assert [account.name for account in AccountStore(database).accounts()] == ["wang"]
