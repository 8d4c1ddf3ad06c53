"""Tests of the pages, their links and the tour, and of the shape and the names of the modules."""
