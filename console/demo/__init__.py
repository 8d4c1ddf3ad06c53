"""A made-up district that shows what Huimin does, from generated records to lists that stay true.

Begin with ``tour``. It prints on a ``screen``; the command line passes its session.
"""
