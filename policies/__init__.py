"""What is asked: the rule language, its checking against the feed catalogue, versions and life cycle."""
