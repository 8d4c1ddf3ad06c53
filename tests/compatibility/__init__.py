"""Workspaces and topics as released versions wrote them: every later version must read or upgrade them."""
