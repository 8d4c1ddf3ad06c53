"""Who asks: sessions in a cookie, tokens in a header, and the addresses by which people sign in and out.

It runs in the front. A change that comes with a cookie must carry the session's ``X-CSRF-Token`` too: another site can make a browser send
the cookie, not the header. Source: OWASP, "Cross-Site Request Forgery Prevention".
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from console.api.parameters import Body
from console.api.problems import BAD_REQUEST, CSRF, NO_ACCOUNTS, UNKNOWN_CALLER, ApiProblem
from infra.settings import clock
from policies.values import Text
from services.access import signing_in
from services.access.account_book import AccountBook, account_book
from services.access.deciding import Actor
from services.access.signing_in import SignedIn

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

COOKIE, SECURE_COOKIE = "huimin", "__Host-huimin"
CSRF_HEADER = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
Secret = Annotated[str, Field(min_length=1, max_length=1000)]
B = TypeVar("B", bound=BaseModel)


class SignIn(Body):
    """Name and password."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    password: Secret


class FirstAccount(SignIn):
    """The first account, an operator's, by the link that the service printed when it started."""

    link: Secret
    title: Annotated[str, Field(max_length=100)] = ""
    division: Annotated[str, Field(pattern="^[0-9]{2,12}$")]


class NewPassword(Body):
    """A new password, by a link or by the old one."""

    password: Secret
    link: Annotated[str | None, Field(max_length=1000)] = None
    old: Annotated[str | None, Field(max_length=1000)] = None


@dataclass(slots=True)
class Doorkeeper:
    """Says who asks.

    Args:
        secure: the service is reached by TLS, so the cookie never goes without.
    """

    book: AccountBook
    secure: bool

    @classmethod
    def of(cls, root: Path, secure: bool) -> Doorkeeper:
        """The doorkeeper of a workspace."""
        book = account_book(root, create=True)
        assert book is not None  # it was made
        return cls(book, secure)

    @property
    def cookie(self) -> str:
        return SECURE_COOKIE if self.secure else COOKIE

    def actor(self, request: Request) -> Actor:
        """Who asks.

        Raises:
            ApiProblem: nobody who is known; or a change without the session's token.
        """
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            actor = signing_in.actor_of_token(self.book, secret.strip(), clock())
            if actor is None:
                raise ApiProblem(401, "unknown-caller", UNKNOWN_CALLER)
            return actor
        signed_in = signing_in.actor_of_session(self.book, request.cookies.get(self.cookie, ""), clock())
        if signed_in is None:
            raise (
                ApiProblem(401, "no-accounts", NO_ACCOUNTS)
                if self.book.store.is_empty()
                else ApiProblem(401, "unknown-caller", UNKNOWN_CALLER)
            )
        actor, session = signed_in
        if request.method not in SAFE and not hmac.compare_digest(request.headers.get(CSRF_HEADER, ""), session.csrf):
            raise ApiProblem(403, "csrf", CSRF)
        return actor

    def add_pages(self, app: FastAPI, prefix: str) -> None:
        """The addresses by which people sign in and out."""

        async def session(request: Request) -> Response:
            match request.method:
                case "POST":
                    body = await _body(request, SignIn)
                    return self._welcome(
                        await _in_thread(signing_in.sign_in, self.book, body.name, body.password, _source(request), clock())
                    )
                case "DELETE":
                    self.actor(request)
                    signing_in.sign_out(self.book, request.cookies.get(self.cookie, ""))
                    response = Response(status_code=204)
                    response.delete_cookie(self.cookie, path="/", secure=self.secure, httponly=True, samesite="strict")
                    return response
                case _:
                    actor = self.actor(request)
                    signed_in = signing_in.actor_of_session(self.book, request.cookies.get(self.cookie, ""), clock())
                    return JSONResponse(_who(actor, None if signed_in is None else signed_in[1].csrf))

        async def first_account(request: Request) -> Response:
            body = await _body(request, FirstAccount)
            arguments = (
                signing_in.use_first_link,
                self.book,
                body.link,
                body.name,
                body.title or body.name,
                body.password,
                body.division,
                clock(),
            )
            return self._welcome(await _in_thread(*arguments), 201)

        async def password(request: Request) -> Response:
            body = await _body(request, NewPassword)
            if body.link is not None:
                return self._welcome(await _in_thread(signing_in.use_reset_link, self.book, body.link, body.password, clock()))
            actor = self.actor(request)
            arguments = actor.name, body.old or "", body.password, _source(request), clock()
            return self._welcome(await _in_thread(signing_in.change_own_password, self.book, *arguments))

        app.add_route(f"{prefix}/session", session, methods=["GET", "POST", "DELETE"])
        app.add_route(f"{prefix}/first-account", first_account, methods=["POST"])
        app.add_route(f"{prefix}/password", password, methods=["POST"])

    def _welcome(self, signed: SignedIn, status: int = 200) -> Response:
        """The answer to whoever has signed in: the secret is in the cookie alone."""
        response = JSONResponse(_who(signed.actor, signed.session.csrf), status)
        left = int((signed.session.expires - clock()).total_seconds())
        response.set_cookie(self.cookie, signed.secret, max_age=left, path="/", secure=self.secure, httponly=True, samesite="strict")
        return response


def _who(actor: Actor, csrf: str | None) -> dict[str, Any]:
    return {"account": actor.name, "title": actor.title, "grants": [str(grant) for grant in actor.grants], "csrf": csrf}


async def _in_thread(function: Callable[..., SignedIn], *arguments: Any) -> SignedIn:
    """Signing in takes a password's digest: many milliseconds, beside the loop."""
    return await run_in_threadpool(function, *arguments)


async def _body(request: Request, kind: type[B]) -> B:
    """The body of a request. What is wrong is named by its place, never repeated."""
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, detail["loc"])) or "body" for detail in error.errors(include_input=False)}))
        raise ApiProblem(422, "bad-request", Text(BAD_REQUEST.zh.format(places=places), BAD_REQUEST.en.format(places=places))) from None


def _source(request: Request) -> str | None:
    return None if request.client is None else request.client.host


def first_link(book: AccountBook, at: datetime) -> str | None:
    """The secret of a link by which the first account is made; None where there are accounts."""
    return signing_in.make_first_link(book, at)[0] if book.store.is_empty() else None
