"""The plan of a run: what it is made from, and what it makes."""
