"""What is said: every message and every answer, errors, ports to other layers, and the shape of a fold.

Begin with ``messages``.
"""
