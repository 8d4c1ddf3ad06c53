"""Cases of a policy: small worlds with the expected verdicts, and wrong versions of a policy that they should notice.

Begin with ``forms``: what a file of cases may hold.
"""
