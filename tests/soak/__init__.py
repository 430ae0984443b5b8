"""The soak: runs that are killed and continued; see `__main__`."""
