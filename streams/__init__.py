"""When it is decided: messages, steps as functions of state and message, list life cycle, the hosts that run them."""
