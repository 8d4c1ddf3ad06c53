"""Lists on their way to an agency and back.

Begin with ``lists`` (tokens become names again) and ``outcomes`` (what comes back).
"""
