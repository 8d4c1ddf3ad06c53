"""What people can do, one module a use case: typed arguments in, a frozen dataclass out.

Nothing is printed here.

The command line calls these functions and renders what they return; an HTTP service would do the same. ``results`` says how a result
becomes JSON. What needs an answer in the middle (a clock that may be wrong, a publication that was previewed) takes a function that gives
it. Begin with ``deliveries.ingest`` (files taken in) and ``lists.candidates`` (a list looked at).
"""
