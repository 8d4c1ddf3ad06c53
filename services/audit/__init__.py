"""The record of access: what each run is recorded with, and what auditors ask of it.

Begin with ``recording`` (how an access becomes a line), then ``verification`` (is it all there?) and ``persons`` (who looked at whom).
"""
