"""Workspaces and topics as released versions wrote them, kept for good: whatever comes later must read them, or bring them on."""
