"""What a person reads: figures, sheets of examples, the summary."""
