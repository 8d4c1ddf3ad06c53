"""The guard before every verb: who runs it, whether their roles include it, and in whose name it decides.

``console.cli.usage.VerbGroup`` puts it before each verb it finds, so no verb can forget it. In a workspace without accounts everything is
as the operating system allows, and ``--by`` and ``--approved-by`` are names. With accounts the first is whoever runs the verb, and the
second types their password.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from console.cli.session import Session
from console.cli.verb_actions import VerbRight, action_of
from infra.settings import clock, is_workspace, operator
from policies.language.people import are_two_people, person
from policies.problems.problems import Conflict, HuiminError
from policies.values import Text
from services.access.actor import actor_of_os_user
from services.access.deciding import Actor
from services.access.run import AccessRun, Recorder, access_run

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = Text("{name}，请输入密码以批准：", "{name}, type your password to approve: ")


def guard(leaf: Any) -> None:
    """Puts the guard before a verb; a second time changes nothing."""
    if getattr(leaf, "is_guarded", False):
        return
    original = leaf.invoke
    leaf.invoke = lambda context: run_guarded(context, original)
    leaf.is_guarded = True


def run_guarded(context: Any, verb: Callable[[Any], Any]) -> Any:
    """Runs a verb as whoever it is.

    Raises:
        AccessDenied: their roles do not include it. Conflict: it is in somebody else's name. NotSignedIn: the second person's password is
            wrong.
    """
    session = context.find_object(Session)
    right = action_of(verb_name(context), context.params)
    if right.action is None or session is None or not is_workspace(session.settings.workspace):
        return verb(context)
    root, approver = session.settings.workspace, None
    actor = actor_of_os_user(root, operator())
    if not actor.is_owner:
        _name_actor(context.params, right, actor)
        if right.approval is not None and context.params.get("approved_by"):
            approver = _approver(session, root, actor, context.params)
    with _trail(session) as record:
        run = AccessRun(actor, right.action, "cli", record, approver, right.approval, shows_changes=session.json)
        with access_run(run):
            if right.recording == "verb":
                run.note("allowed")
            return verb(context)


@contextmanager
def _trail(session: Session) -> Iterator[Recorder | None]:
    """Writes the record of access; None in a folder that no verb but ``upgrade`` opens."""
    from infra.workspace.workspace import Workspace
    from services.audit.recording import AuditTrail

    try:
        trail = AuditTrail(Workspace.open(session.settings.workspace, session.environment), clock)
    except HuiminError:
        yield None
        return
    try:
        yield trail.record
    finally:
        trail.close()


def verb_name(context: Any) -> str:
    """The verb of a context, without the name of the program: ``candidates list``."""
    names = []
    while context.parent is not None:
        names.append(context.info_name)
        context = context.parent
    return " ".join(reversed(names))


def _name_actor(values: dict[str, Any], right: VerbRight, actor: Actor) -> None:
    """Puts the account's name where ``--by`` is left out or names its holder.

    Raises:
        Conflict: it names somebody else.
    """
    if not right.names:
        return
    name = values.get("by") or ""
    if person(name) not in {"", person(actor.name), person(actor.title)}:
        zh = f"您登录为“{actor.name}”，不能用 --by 写别人的名字。请去掉 --by，或写自己的账号名。"
        en = f"You act as {actor.name!r}, and --by names somebody else. Leave --by out, or write your own account's name."
        raise Conflict(Text(zh, en))
    values["by"] = actor.name


def _approver(session: Session, root: Path, actor: Actor, values: dict[str, Any]) -> Actor:
    """The second person, who proves with their password who they are."""
    from services.access.account_book import account_book, actor_of
    from services.access.signing_in import verified_account

    book = account_book(root)
    assert book is not None  # an actor who is no owner has an account
    try:
        name = str(values["approved_by"])
        holder = book.store.of_person(name) or next((a for a in book.store.accounts() if person(a.title) == person(name) != ""), None)
        holder = holder or book.store.account(name)
        if not are_two_people(actor.name, holder.name):
            zh, en = f"经办人与批准人是同一人（{actor.name}）。", f"Who does it and who approves are the same person ({actor.name})."
            raise Conflict(Text(f"{zh}须由另一人批准。", f"{en} Another must approve."))
        if not holder.has_password:
            zh = f"账号“{holder.name}”没有密码，不能在命令行上批准；请其通过服务批准，或由运维员设密码。"
            en = f"The account {holder.name!r} has no password to approve with here: let them approve in the service, or set a password."
            raise HuiminError(Text(zh, en), 5)
        verified = verified_account(book, holder.name, secret_line(session, PASSWORD, holder.title or holder.name), None, clock())
        values["approved_by"] = verified.name
        return actor_of(verified)
    finally:
        book.database.close()


def secret_line(session: Session, question: Text, name: str = "") -> str:
    """A secret that somebody types without seeing it; a line of standard input where that is no terminal. Never an argument of the line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    import getpass

    from policies.problems.characters import escaped_text

    return getpass.getpass(escaped_text(question[session.language].format(name=name)), stream=sys.stderr)
