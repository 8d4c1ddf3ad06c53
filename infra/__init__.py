"""How Huimin runs: settings, the clock, workspaces, workers, and the one place that wires ports to connectors.

Begin with ``settings`` and ``workspace.workspace``; ``kafka`` has the brokers of one machine.
"""
