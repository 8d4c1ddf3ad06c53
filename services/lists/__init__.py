"""Working a list: holds, outcomes and evidence."""
