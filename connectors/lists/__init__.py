"""Lists that go to an agency, and come back with outcomes.

Begin with ``lists`` (tokens become names again) and ``outcomes`` (what comes back).
"""
