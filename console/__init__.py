"""The people's way in: the command line ``huimin``."""
