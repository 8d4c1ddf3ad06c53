"""Event processing: messages, the state they are folded into, the lists told to agencies, and the hosts that run it all.

Begin with ``host``, the interface for the layers above.
"""
