"""Registry of evaluation metrics; importing it imports no torch, so the Snakefile can.

A metric is a function `metric(block, **parameters) -> Result` (see `metrics.block`). Parameters are
keyword arguments with defaults, the same names as in `evaluation.parameters.<name>` of
config/schema.yaml, which holds their ranges.

`@register(name, ...)`, all constants:
needs: "model" (images, maps and the network), "regions" (truth masks too), or "method" (the method is
run again). source: where it is from. x: axis label of its curves. quantities: name -> {direction:
"higher" or "lower" is better, None where neither is; low, high: range under the default parameters,
None where there is no bound; chance: a number, "random" (what the map of the control `random` gets),
"area" (the mean over the same images of `area_<last word of the quantity>`) or None; label: name in
figures; means: what it says, in a few words}.
"""

from __future__ import annotations

from signsight.core.registry import Registry

metrics = Registry("evaluation/metrics", "metric")
register = metrics.register
