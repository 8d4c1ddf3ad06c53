"""The command line ``huimin``: one module for each group of verbs; a verb parses, calls a service, and renders the result.

Begin with ``main``. Every verb gets a ``session``. ``results`` lists what each verb prints with ``--json``.
"""
