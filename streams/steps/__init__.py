"""What each message does to the state.

Begin with ``steps``: one table, a function for each kind of message. ``state`` is what they work on.
"""
