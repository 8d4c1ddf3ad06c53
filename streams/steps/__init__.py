"""The steps: what each message does to the state.

Begin with ``steps``: a table with a function for each kind of message. They work on ``state``.
"""
