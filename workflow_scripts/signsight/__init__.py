"""Signsight: what an image classifier really looks at (plain functions; no `snakemake` in here)."""
