"""What the state says, now or as of another day."""
