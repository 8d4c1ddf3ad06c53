"""Cursors of pages: where the next page begins, for one question only, and not to be made by anybody else.

A cursor is the last token of a page with a keyed digest over it and the question, so it tells nothing and fits nowhere else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

from console.api.problems import BAD_CURSOR, ApiProblem
from console.api.request_context import RequestContext
from infra.keys import derived_key

_DIGEST = 16


def cursor_of(context: RequestContext, question: tuple[Any, ...], last: int) -> str:
    """The cursor of the page behind a token."""
    body = last.to_bytes(8)
    return base64.urlsafe_b64encode(body + _digest(context, question, body)).decode().rstrip("=")


def after_of(context: RequestContext, cursor: str | None, question: tuple[Any, ...]) -> int | None:
    """The token behind which a page begins; None for the first page.

    Raises:
        ApiProblem: the cursor is not of this question.
    """
    if cursor is None:
        return None
    try:
        body = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (ValueError, binascii.Error):
        body = b""
    if not hmac.compare_digest(body[8:], _digest(context, question, body[:8])):
        raise ApiProblem(400, "bad-cursor", BAD_CURSOR)
    return int.from_bytes(body[:8])


def _digest(context: RequestContext, question: tuple[Any, ...], body: bytes) -> bytes:
    key = derived_key(context.workspace.key(), "cursors")
    return hmac.digest(key, repr((context.account, question)).encode() + body, hashlib.sha256)[:_DIGEST]
