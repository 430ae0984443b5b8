"""Data sets: download, archives, crop, examples for training, image sets, the rendered signs."""
