"""Tests of where records come from and lists go."""
