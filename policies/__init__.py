"""The rule language: its forms, its check against the feed catalogue, versions and life cycle."""
