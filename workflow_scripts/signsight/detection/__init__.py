"""Object detectors: their pictures and truth, what is explained in them, and how good they are."""
