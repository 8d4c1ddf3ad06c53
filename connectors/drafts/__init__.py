"""A feed contract proposed from a sample file: what its table looks like, what its columns hold, and which of them play a part.

Begin with ``proposal``; ``table`` reads the file, ``columns`` guesses types, ``parts`` the key, order and validity; ``document`` is YAML.
"""
