"""An erased person taken out of the files of a store and of a worker.

Begin with ``scrub``.
"""
