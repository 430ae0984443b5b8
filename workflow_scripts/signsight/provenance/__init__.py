"""Provenance: what results were made from and by, enough to make them again."""
