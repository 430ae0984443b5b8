"""Data sets: what they are (`sets`), download, archives, crop, examples for training, image sets."""
