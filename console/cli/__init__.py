"""The command line ``huimin``: one module a family of verbs; each parses, calls a service, and renders its result.

Begin with ``main``; ``session`` is what every verb is given. ``results`` says what each prints with ``--json``.
"""
