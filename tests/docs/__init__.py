"""Tests of what is written: pages, links, the tour, and the shape of the modules."""
