"""Metrics of explanations: faithfulness, localisation, stability.

A metric is a function `metric(block, **parameters) -> Result` (see `metrics.block`).

`@metrics.register(name, ...)`, all constants. label: its name in figures and the summary. needs: "model"
(images, maps and the network), "regions" (truth masks too), or "method" (the method is run again). source:
where it is from. x: axis label of its curves. config: where its parameters stand in a config, if not in
`evaluation.parameters.<name>`. quantities: name -> {direction: "higher" or "lower" is better, None where
neither is; low, high: range under the default parameters, None where there is no bound; chance: a number,
"random" (what the map of the control `random` gets), "area" (the mean over the same images of `area_<last
word of the quantity>`) or None; label: name in figures; means: what it says, in a few words}. curves: name
-> {label: of the y axis; area: the curves that are added and taken away, of a curve that is the area so far
between others}.
"""
