"""Who a token is.

Tokens are made here, and the vault is the only place where identity is kept.

Begin with ``tokens``, then ``vault``.
"""
