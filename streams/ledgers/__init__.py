"""The ledgers of the state, beside records: policies, coverage statements, deliveries, decisions, outcomes, identities, erasures.

Steps alone change them; none of them reads a file.
"""
