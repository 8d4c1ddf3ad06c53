"""Checkpoints of the record of access that an auditor keeps: origin, size and root, signed; and the public key that verifies them.

``services.audit.verification`` makes and reads them. Whoever keeps one can later tell that every line up to it is still there unchanged,
without trusting the workspace. Source: C2SP tlog-checkpoint and signed-note (https://c2sp.org), with Ed25519 (RFC 8032).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from policies.problems.problems import HuiminError
from policies.values import Text

_ED25519 = b"\x01"
_DASH = "\u2014 "


class BadCheckpoint(HuiminError):
    """A text is no checkpoint, or its signature is not of this key (whoever gives it; 3)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(Text(zh, en), 3)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The record of access at a moment.

    Args:
        origin: names the workspace.
        size: the number of lines; ``root``: of the tree over them.
    """

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def signed_checkpoint(checkpoint: Checkpoint, seed: bytes) -> str:
    """A checkpoint with its signature.

    Args:
        seed: of the Ed25519 key, 32 bytes.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(seed)
    signature = _key_id(checkpoint.origin, key.public_key().public_bytes_raw()) + key.sign(checkpoint.body().encode())
    return f"{checkpoint.body()}\n{_DASH}{checkpoint.origin} {base64.b64encode(signature).decode()}\n"


def verifier_key(origin: str, seed: bytes) -> str:
    """The public key as an auditor keeps it: ``origin+id+key``."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return f"{origin}+{_key_id(origin, public).hex()}+{base64.b64encode(_ED25519 + public).decode()}"


def read_checkpoint(text: str, verifier: str) -> Checkpoint:
    """A checkpoint whose signature is of a public key.

    Args:
        verifier: as ``verifier_key`` gives it.

    Raises:
        BadCheckpoint: it is not.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    origin, _, key = verifier.strip().partition("+")
    body, _, signatures = text.replace("\r\n", "\n").partition("\n\n")
    try:
        name, size, root, *_ = body.split("\n")
        checkpoint = Checkpoint(name, int(size), base64.b64decode(root, validate=True))
        coded = next(line for line in signatures.split("\n") if line.startswith(f"{_DASH}{origin} "))
        signature = base64.b64decode(coded.rpartition(" ")[2], validate=True)
        public = base64.b64decode(key.partition("+")[2], validate=True)[1:]
        if checkpoint.body() != body + "\n" or len(checkpoint.root) != 32 or checkpoint.size < 0:
            raise ValueError("body")
        if signature[:4] != _key_id(origin, public):
            raise InvalidSignature
        Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], checkpoint.body().encode())
    except InvalidSignature:
        zh = "检查点的签名不是这把公钥的：它被改过，或属于另一个工作区。"
        raise BadCheckpoint(zh, "The signature is not of this key: the checkpoint was changed, or is another workspace's.") from None
    except (ValueError, StopIteration, binascii.Error):
        zh = "这不是这份访问记录的检查点（见 huimin audit checkpoint）。"
        raise BadCheckpoint(zh, "This is no checkpoint of this record of access (see huimin audit checkpoint).") from None
    return checkpoint


def _key_id(origin: str, public: bytes) -> bytes:
    return sha256(origin.encode() + b"\n" + _ED25519 + public).digest()[:4]
