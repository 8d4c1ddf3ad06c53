"""Lists and snapshots, written for others."""
