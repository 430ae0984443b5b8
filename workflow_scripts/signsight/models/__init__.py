"""Classifiers: networks by name, training, checkpoints."""
