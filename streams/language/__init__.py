"""The types shared by all of streams: messages, lines, causes, errors, ports to other layers, and the shape of a fold.

Begin with ``messages``.
"""
