"""Who satisfies it: compiled policies over columnar state, in three-valued logic."""
