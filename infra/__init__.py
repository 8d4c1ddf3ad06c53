"""Running it: settings, the clock, the workspace, and the one place that wires ports to connectors."""
