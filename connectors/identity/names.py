"""The persons who have a name, or another identity field, with a certain text.

``services.lists.people`` looks somebody up by it. It reads every segment of a feed; nothing of the text is kept.
"""

from __future__ import annotations

import polars as pl

from connectors.identity.vault import Vault
from policies.language.catalogue import Feed


def tokens_with(vault: Vault, feed: Feed, field: str, text: str) -> list[int]:
    """The tokens whose newest identity in a feed has this text in an identity field.

    Raises:
        DamagedVault: a segment cannot be read or trusted.
    """
    ever = set[int]()
    for name in vault.segments(feed):
        identities = vault.frame(name)
        if field in identities.columns:  # the contract may not have had it then
            ever.update(identities.filter(pl.col(field) == text)["token"].to_list())
    newest = vault.look_up(feed, list(ever), [field])
    return newest.filter(pl.col(field) == text)["token"].to_list()
