"""What people can do, one module a use case: typed arguments in, a frozen dataclass out.

Nothing is printed here. The command line calls these functions and renders their results; an HTTP service would do the same. ``results``
turns a result into JSON. A use case that needs an answer in the middle (is the clock right? publish after this preview?) takes a function
that gives the answer. Begin with ``deliveries.ingest`` (take in files) and ``lists.candidates`` (look at a list).
"""
