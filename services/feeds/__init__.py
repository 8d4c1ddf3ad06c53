"""Feeds and their contracts: list, show, add (``contracts``); check a changed one, and how it came to be what it is (``growth``)."""
