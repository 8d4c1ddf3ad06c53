"""The description of the interface: docs/openapi.json, which the service serves too at /v1/openapi.json.

Run ``python -m console.api.description`` when a route has changed. A test compares the file with the routes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from console.api.app import PREFIX, add_routes, new_app
from policies.values import Text

if TYPE_CHECKING:
    from console.api.front import Front

FILE = Path("docs/openapi.json")
PAGES = (
    ("/session", ("post", "get", "delete"), Text("登录、我是谁、退出", "Sign in; who am I; sign out")),
    ("/first-account", ("post",), Text("用一次性链接建立第一个账号", "Make the first account by the one-time link")),
    ("/password", ("post",), Text("用链接或旧密码设密码", "Choose a password, by a link or the old one")),
    ("/policies/{policy}/changes/stream", ("get",), Text("名单的变动（SSE）", "Changes of a list as server-sent events")),
    ("/jobs", ("get",), Text("自己的长工作", "One's own jobs")),
    ("/jobs/{job}", ("get", "delete"), Text("一项长工作，取消", "One job; cancel it")),
    ("/jobs/{job}/answer", ("get",), Text("长工作的结果", "The answer of a job")),
    ("/jobs/{job}/events", ("get",), Text("长工作的进度（SSE）", "How a job goes on, as server-sent events")),
    ("/webhooks", ("get", "post"), Text("推送", "Webhooks")),
    ("/webhooks/{webhook}", ("delete",), Text("停止一个推送", "End a webhook")),
)
"""Addresses that the front answers by itself."""


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of an application, with the addresses of the front."""
    document: dict[str, Any] = app.openapi()
    for path, methods, title in PAGES:
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
        about = {"summary": title.en, "description": f"{title.zh}。\n\n{title.en}.", "parameters": parameters, "tags": ["front"]}
        answers = {"responses": {"default": {"description": "JSON / server-sent events"}}}
        document["paths"][PREFIX + path] = {method: {**about, **answers} for method in methods}
    return document


def description() -> str:
    """The text of docs/openapi.json."""
    app = new_app(None)
    front: Front = None  # type: ignore[assignment]  # nobody asks here, so nobody answers
    add_routes(app, front)
    return json.dumps(describe(app), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(description(), encoding="utf-8")
