"""Where records come from and lists go: feed contracts, files, identity tokens, coverage statements, exports and snapshots."""
