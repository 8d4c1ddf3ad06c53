"""The state of a workspace, now or as of another day, and its log."""
