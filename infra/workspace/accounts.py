"""Where a workspace keeps its accounts: the file ``accounts.sqlite``, which is there from the first account on.

``services.access`` opens it. Without the file there are no accounts, and whoever can read the key may do everything.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from infra.links import refuse_links

if TYPE_CHECKING:
    from connectors.accounts.database import AccountDatabase

ACCOUNTS = "accounts.sqlite"
"""As in ``connectors.accounts.database``, which is imported late: most runs of verbs in a workspace without accounts need no SQLite."""


def has_accounts(root: Path) -> bool:
    """Whether a workspace has a file of accounts; a link counts, and is refused when it is opened."""
    return (root / ACCOUNTS).exists() or (root / ACCOUNTS).is_symlink()


def account_database(root: Path, create: bool = False) -> AccountDatabase | None:
    """The accounts of a workspace; None where there are none.

    Raises:
        ForbiddenLink: a link lies there. DamagedStore, NewerFormat, Busy, NoRoom: the file cannot be used.
    """
    from connectors.accounts.database import AccountDatabase

    if not create and not has_accounts(root):
        return None
    refuse_links(root / ACCOUNTS, below=False)
    return AccountDatabase(root / ACCOUNTS, create=create)
