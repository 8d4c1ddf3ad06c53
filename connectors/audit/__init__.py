"""The record of access on disk: an append-only log of lines over which a Merkle tree stands, and what lies apart from it.

Begin with ``log`` (append, read), then ``merkle`` (the tree) and ``salts`` (what erasing a person takes away). Public face:
``log.AuditLog``. What is recorded, and who may look, is decided in ``services.audit``.
"""
