"""When it is decided: messages, steps as functions of state and message, list life cycle, the hosts that run them.

Begin with ``host``: what the layers above ask of all this.
"""
