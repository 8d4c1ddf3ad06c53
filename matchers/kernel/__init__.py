"""The compiled part of the matching core and the arrays it works on.

Begin with ``layout``: where everything lies. ``kernels`` is all that numba compiles; ``changes`` is what comes out.
"""
