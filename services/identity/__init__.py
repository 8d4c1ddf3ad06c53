"""Corrections of who is who."""
