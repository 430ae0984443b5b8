"""The data sets, one in a file; see `data.dataset` for what a set can have and do."""
