"""Acts of two people: one proposes, another approves or sends back with a remark.

Begin with ``proposals``; ``acts`` says what can be proposed, and carries it out. ``services.access.two_people`` decides who may.
"""
