"""Attribution methods: maps of what an output of the network has to do with each pixel.

A method is a function `method(task, images, targets, ids, **parameters) -> maps`: task a
`attribution.task.Task`, images (B, 3, H, W) float32 RGB in [0, 1] on the model's device, targets what is
explained in each image (an `attribution.target.Bound`: classes, or a unit of a layer), ids B image ids
(for random draws). `task.scores(images, targets)` runs the network on any images (P, 3, H, W) and gives
(P,) scores; copies of an image take its targets along, `targets[rows]`. Maps are (B, H, W) float32,
unnormalised; with `reduce=` they are (B, 3, H, W), one value a colour, and `attribution.reduce` makes one
of the three.

`@methods.register(name, ...)`, all constants. label: its name in figures. family: the panel it is drawn in.
style: its own number among the colours and markers, if it has one. signed: whether negative values mean
evidence against the class. needs: "gradient", "forward" or "nothing". layer: "target" if it looks at the
target layer, "readout" if it can be read out at a layer; a layer given to any other method is refused.
chance: True of the control that shows what a map gets by chance. paper: where it is from. measures: what a
value says, in a few words. misleads: when not to trust it. reduce: how the three colours become one value.
Several decorators on one function give the same computation several names.
"""
