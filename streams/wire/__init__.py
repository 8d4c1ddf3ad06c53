"""Messages as bytes and back, and the seals by which a member's message is known.

Begin with ``wire``.
"""
