"""Metrics that say how far an explanation can be trusted, one family a file."""
