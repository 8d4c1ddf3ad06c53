"""The HTTP interface: what the services can do, as routes with JSON.

``route`` says what a route is; ``routes`` has the table of all of them, family by family. A request is authenticated in ``app``, which runs
in the front; everything that needs the state runs in the reader (``dispatch``). Begin with ``routes``.
"""
