"""The distributed host: sequencer, partitions and merger, their stages on disk, and the client's host.

Begin with ``sequencer``, then ``partition`` and ``merger``: a message passes them in that order.
"""
