"""What comes in: files (``ingest``), coverage statements, units' topics (``exchange``), days (``clock``); and the quarantine.

Begin with ``ingest``. ``delivery`` is one file of it, ``trial`` the same on a copy of the state. ``quarantine`` writes the broken cells,
``open_cells`` says which are still to be mended, ``mending`` copies their rows out.
"""
