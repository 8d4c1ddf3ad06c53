"""Errors as problem documents: what happened, in both languages, with the place and the way out.

Source: RFC 9457. A problem never repeats what a caller sent: it might be somebody's number.
"""

from __future__ import annotations

import json
from typing import Any

from policies.problems.problems import HuiminError, Invalid
from policies.values import Text
from services.access.deciding import AccessDenied

STATUS_OF = {1: 500, 2: 400, 3: 422, 4: 503, 5: 409}
"""HTTP status by the exit code of an error."""
MEDIA_TYPE = "application/problem+json"


class ApiProblem(HuiminError):
    """A request that is answered with a problem.

    Args:
        status: of HTTP.
        code: stable name of the kind of problem.
        after: seconds after which trying again may help.
        extra: further members of the document.
    """

    def __init__(self, status: int, code: str, text: Text, after: int | None = None, extra: tuple[tuple[str, Any], ...] = ()) -> None:
        super().__init__(text)
        self.status, self.code, self.after, self.extra = status, code, after, extra


def problem_of(error: Exception) -> ApiProblem:
    """The problem that an error is."""
    match error:
        case ApiProblem():
            return error
        case Invalid():
            places = [
                {
                    "code": p.code,
                    "severity": p.severity,
                    "file": p.file,
                    "line": p.line,
                    "column": p.column,
                    "path": p.path,
                    "zh": p.text.zh,
                    "en": p.text.en,
                }
                for p in error.problems
            ]
            return ApiProblem(422, "invalid", error.text, extra=(("problems", places),))
        case AccessDenied():
            return ApiProblem(403, "denied", error.text)
        case HuiminError():
            return ApiProblem(STATUS_OF.get(error.exit_code, 500), _code(error), error.text)
        case _:
            return ApiProblem(500, "internal", INTERNAL)


def _code(error: HuiminError) -> str:
    name = type(error).__name__
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


def document(problem: ApiProblem, language: str) -> bytes:
    """A problem as JSON."""
    body = {
        "type": f"urn:huimin:problem:{problem.code}", "title": problem.text[language].split("\n")[0], "status": problem.status,
        "detail": {"zh": problem.text.zh, "en": problem.text.en}, **dict(problem.extra),
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False).encode()


INTERNAL = Text("内部错误，不是您的操作问题；服务日志里有记录。", "Internal error, not your mistake; the service's log has it.")
UNKNOWN_CALLER = Text("请先登录，或在 Authorization 中给出令牌。", "Sign in first, or give a token in Authorization.")
CSRF = Text("请求缺少 X-CSRF-Token，或它不属于这次登录。", "The request lacks the X-CSRF-Token of this session.")
NO_ACCOUNTS = Text(
    "还没有账号。请用服务启动时给出的一次性链接建立第一个账号。",
    "There are no accounts yet. Make the first one by the one-time link that the service printed when it started.",
)
TOO_LARGE = Text("请求太大。", "The request is too large.")
SLOW = Text("请求迟迟没有传完。", "The request took too long to come.")
BUSY = Text("同时的请求太多，请稍后再试。", "Too many requests at one time; try again a little later.")
NO_KEY = Text(
    "写入请求要带 Idempotency-Key（8 到 128 个可见字符）。",
    "A request that writes needs an Idempotency-Key of 8 to 128 visible characters.",
)
OTHER_REQUEST = Text("这个 Idempotency-Key 已用于另一个请求。", "This Idempotency-Key was used for another request.")
BAD_CURSOR = Text("游标无效，请从头开始。", "The cursor cannot be used; begin at the first page.")
NOT_FOUND = Text("没有这样的地址。", "There is no such address.")
BAD_REQUEST = Text("请求有误：{places}", "The request is wrong at {places}")
NO_METHOD = Text("这个地址不支持此方法。", "This address does not take this method.")


def language_of(accepted: str) -> str:
    """The language of sentences in an answer: English where it comes first in Accept-Language, else Chinese."""
    return "en" if accepted.strip().lower().startswith("en") else "zh"
