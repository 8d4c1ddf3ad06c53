"""Cases of a policy: small worlds with the verdict that is expected, and the wrong policies they should notice.

Begin with ``forms``: what a file of cases may hold.
"""
