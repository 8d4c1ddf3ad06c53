"""Policies compiled into a program over bit planes, and bound to a day.

Begin with ``compile``, then ``program`` (what it makes) and ``binding`` (what it becomes on one day over one state).
"""
