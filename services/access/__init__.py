"""Who may do what: actions, the table of roles, the decision, and accounts.

Begin with ``table`` (role × action × own or other), then ``deciding`` (an actor, an action, a target). Public face: ``deciding.decide`` and
``visible``'s filters. Whatever the table does not say is denied. ``accounts`` are the use cases, ``actor`` says who runs a verb.
"""
