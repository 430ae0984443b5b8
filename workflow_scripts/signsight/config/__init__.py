"""The config: its schema filled and checked, and what its keys choose."""
