"""Registry of attribution methods; importing it imports no torch, so the Snakefile can.

A method is a function `method(task, images, targets, ids, **parameters) -> maps`: task a
`attribution.task.Task`, images (B, 3, H, W) float32 RGB in [0, 1] on the model's device, targets
(B,) int64 the explained classes, ids B image ids (for random draws), maps (B, H, W) float32,
unnormalised.

`@register(name, signed=..., needs=..., paper=...)`: signed says whether negative values mean
evidence against the class; needs is "gradient", "forward" or "nothing".
"""

from __future__ import annotations

from signsight.registry import Registry

methods = Registry("attribution", "attribution method")
register = methods.register
