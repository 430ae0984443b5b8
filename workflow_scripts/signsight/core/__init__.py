"""What everything stands on: files, random numbers, messages, registries, digests of code."""
