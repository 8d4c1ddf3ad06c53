"""The use cases of policies: check, list, compare, preview, try on cases, forecast, publish and withdraw.

One module a use case. Begin with ``preview`` (what publishing would do), which has a ``comparison`` where a version is in force;
``publication`` carries the decision out. ``services.lookup`` finds drafts and policies. The words for all results are in ``console.text``.
"""
