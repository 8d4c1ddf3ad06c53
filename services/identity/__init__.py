"""Corrections of identity: who is who."""
