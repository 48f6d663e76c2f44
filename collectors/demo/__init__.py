"""A whole installation on one machine, to be looked at."""
