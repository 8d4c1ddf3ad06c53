"""Accounts of a workspace: who may sign in, with which roles, by which password or token.

Begin with ``grants`` (roles and their bounds) and ``store`` (the one file). ``passwords`` digests passwords, ``attempts`` locks out who
guesses. Public face: ``store.AccountStore``. What a role may do is decided in ``services.access``.
"""
