"""The distributed host: sequencer, partitions and merger, their stages on disk, and the host that reads what they say.

Begin with ``sequencer``, then ``partition`` and ``merger``: a message's way in that order.
"""
