"""Feeds and their contracts: list, show and add them (``contracts``), check changes and show their history (``growth``), try a file."""
