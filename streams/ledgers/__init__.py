"""What the state remembers beside records: policies, coverage statements, deliveries, decisions, outcomes, identities, erasures.

Each ledger is a value that steps replace; none of them reads a file.
"""
