"""Recorded traffic in, by the path of live traffic, and stored frames out again."""
