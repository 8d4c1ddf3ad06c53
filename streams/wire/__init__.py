"""Messages as bytes and back, and the seals that prove a member's message.

Begin with ``wire``.
"""
