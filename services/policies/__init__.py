"""What policies ask, do and would do: checked, listed, compared, previewed, tried on cases, looked ahead, published and withdrawn.

One module a use case. Begin with ``preview`` (what publishing would do), which holds a ``comparison`` where a version is in force;
``publication`` carries the decision out. Drafts and policies are looked up in ``services.lookup``. Nothing here is printed: the words
are in ``console.text``.
"""
