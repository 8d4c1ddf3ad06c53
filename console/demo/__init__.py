"""A made-up district that shows what Huimin does, from generated records to lists that stay true.

Begin with ``tour``. It is shown on a ``screen``, which the command line gives.
"""
