"""What the reader gives the front for a request."""

from __future__ import annotations

from dataclasses import dataclass, replace

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, body, media type and further headers."""

    status: int
    body: bytes
    kind: str = JSON
    headers: tuple[tuple[str, str], ...] = ()

    def with_header(self, name: str, value: str) -> Answer:
        """The same answer with one more header."""
        return replace(self, headers=(*self.headers, (name, value)))
