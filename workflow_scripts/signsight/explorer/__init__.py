"""The explorer: one HTML file with the values of an experiment, made from its stored results."""
