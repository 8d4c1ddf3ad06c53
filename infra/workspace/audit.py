"""Where a workspace keeps its record of access, and the keys that belong to it.

``services.audit`` opens it, and ``services.erasure`` to take a person's salt away. The folder ``audit`` is there from the first access on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from infra.keys import check_of, derived_key
from policies.problems.problems import HuiminError

if TYPE_CHECKING:
    from connectors.audit.log import AuditLog
    from infra.workspace.workspace import Workspace

AUDIT = "audit"


def audit_log(workspace: Workspace) -> AuditLog:
    """The record of access of a workspace; nothing is made or read yet.

    Raises:
        ForbiddenLink: a link lies there.
    """
    from connectors.audit.log import AuditLog

    return AuditLog(workspace.folder(AUDIT), lambda: derived_key(workspace.key(), "salts"))


def forget_salts(workspace: Workspace, tokens: Sequence[int]) -> list[str]:
    """Takes the salts of tokens away, so that no line of the record can be told to be about them; returns the file where that failed."""
    from connectors.audit.salts import FILE

    log = audit_log(workspace)
    if not log.exists and not log.has_salts():
        return []
    try:
        if log.has_salts():
            log.salts().forget(tokens)
        return []
    except (HuiminError, OSError):
        return [f"{AUDIT}/{FILE}"]
    finally:
        log.close()


def checkpoint_key(workspace: Workspace) -> tuple[str, bytes]:
    """The origin of a workspace's checkpoints, and the seed of the key that signs them.

    Raises:
        UnusableKey: the workspace's key cannot be used.
    """
    key = workspace.key()
    return f"huimin/{check_of(key)[:16]}", derived_key(key, "checkpoints")
