"""Registry of attribution methods; importing it imports no torch, so the Snakefile can.

A method is a function `method(task, images, targets, ids, **parameters) -> maps`: task a
`attribution.task.Task`, images (B, 3, H, W) float32 RGB in [0, 1] on the model's device, targets
(B,) int64 the explained classes, ids B image ids (for random draws). Maps are (B, H, W) float32,
unnormalised; with `reduce=` they are (B, 3, H, W), one value a colour, and `attribution.reduce`
makes one of the three. Parameters are keyword arguments with defaults, the same names as in
`attribution.parameters.<name>` of config/schema.yaml, which holds their ranges.

`@register(name, ...)`, all constants:
signed: whether negative values mean evidence against the class. needs: "gradient", "forward" or
"nothing". paper: where it is from. measures: what a value says, in a few words. misleads: when not
to trust it. reduce: how the three colours become one value (see `attribution.reduce`). Several
decorators on one function give the same computation several names.
"""

from __future__ import annotations

from signsight.core.registry import Registry

methods = Registry("attribution", "attribution method")
register = methods.register
