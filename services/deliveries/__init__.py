"""What comes in: files (``ingest``), coverage statements, units' topics (``exchange``), days (``clock``); and the quarantine.

Begin with ``ingest``. ``delivery`` takes in one file, ``trial`` does so on a copy of the state. ``quarantine`` writes the broken cells,
``open_cells`` lists those still to be mended, ``mending`` copies their rows out.
"""
