"""Pictures made by optimisation: what a class, a unit or a layer of a network has learned to look for."""
