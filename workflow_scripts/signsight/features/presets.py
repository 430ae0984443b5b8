"""Presets: combinations of parametrisation, transforms, regularisers and optimiser, by name.

A preset is data alone: what its declaration says. `config.recipes` makes a recipe of it and of what a config
changes. Constants of the published code are in the units of pictures in [0, 1] here: a step of SGD on a
normalised picture is shorter by the square of its standard deviation, one of Adam by the deviation itself.
"""

from __future__ import annotations

from signsight.core.registry import presets


@presets.register(
    "fourier",
    label="Fourier",
    about="A decorrelated spectrum, seen a little shifted, scaled and turned in every step.",
    paper="Olah et al. 2017, doi:10.23915/distill.00007",
    parametrisation="fourier",
    transforms={"shift": {}, "scale": {}, "rotation": {}},
    rate=0.05,
    steps=256,
)
class FourierPreset:
    """The default. Constants of Lucid (Adam, rate 0.05), transforms as shares of the side."""


@presets.register(
    "maco",
    label="MACO",
    about="Phases alone, with the magnitudes of the training pictures, seen in parts under noise.",
    paper="Fel et al. 2023, arXiv:2306.06805",
    parametrisation="maco",
    transforms={"crops": {}, "noise": {}},
    views=4,
    optimiser="nadam",
    rate=1.0,
    steps=256,
)
class MacoPreset:
    """Four parts a step where the paper has 32: a step costs as many passes."""


@presets.register(
    "pixels",
    label="Pixels",
    about="The pixels themselves, without transforms or regularisers: what the others are measured against.",
    parametrisation="pixels",
    rate=0.05,
    steps=256,
)
class PixelsPreset:
    """Plain gradient ascent by Adam."""


@presets.register(
    "fourier_still",
    label="Fourier, not moved",
    about="A decorrelated spectrum without transforms, between `pixels` and `fourier`.",
    parametrisation="fourier",
    rate=0.05,
    steps=256,
)
class FourierStillPreset:
    """`fourier` without its transforms."""


@presets.register(
    "published_am",
    label="Published (GTSRB study)",
    about="Pixels, started as noise, held near the mean of the class; cross-entropy as the objective.",
    source="the GTSRB study, through nn_interpretability: Adam 0.001, weight 0.01, 1,000 steps",
    parametrisation="pixels",
    regularisers={"class_mean": {"weight": 1.0}},
    score="log_softmax",
    rate=0.00027,
    steps=1000,
)
class PublishedAm:
    """In eval mode, with a fixed number of steps and the squared distance.

    The study ran the network in train mode, stopped at a probability of 0.995, took a distance that has no
    gradient at the mean, and pulled pixels to the mean colour by Adam's weight decay besides.
    """


@presets.register(
    "published_plain",
    label="Published, plain",
    about="Pixels, started as noise, by gradient ascent without regularisers.",
    source="pytorch-cnn-visualizations, class specific image generation: SGD 6, 149 steps",
    parametrisation="pixels",
    optimiser="sgd",
    rate=0.3,
    steps=149,
)
class PublishedPlain:
    """Without the rounding to 8 bits in every step, in which small gradients were lost."""


@presets.register(
    "published_regularised",
    label="Published, regularised",
    about="As `published_plain`, with blur, decay and a clipped gradient that work: of those in the "
    "published code, only the blur does.",
    source="pytorch-cnn-visualizations, regularized class specific image generation: SGD 6, 150 steps",
    parametrisation="pixels",
    regularisers={"clip_gradient": {"length": 1.0}, "decay": {"share": 0.0006}, "blur": {"every": 4}},
    optimiser="sgd",
    rate=6.0,
    steps=150,
)
class PublishedRegularised:
    """The published code clips the gradient of the weights, and rounds the decay away."""


@presets.register(
    "published_filter",
    label="Published, filters",
    about="Pixels, started as mid-grey noise, by a few steps of Adam.",
    source="pytorch-cnn-visualizations, CNN layer visualization: Adam 0.1, 30 steps",
    parametrisation="pixels",
    parameters={"low": 0.588, "high": 0.706},
    rate=0.0226,
    steps=30,
)
class PublishedFilter:
    """That collection's own pictures minimise the activation; these maximise it."""


@presets.register(
    "inversion",
    label="Inversion",
    about="Pixels, started as noise, held smooth and in range.",
    paper="Mahendran & Vedaldi 2015, arXiv:1412.0035",
    parametrisation="pixels",
    parameters={"low": 0.4, "high": 0.6},
    regularisers={"total_variation": {"weight": 10.0}, "norm": {"weight": 0.1, "power": 6.0}},
    rate=0.02,
    steps=400,
)
class InversionPreset:
    """Both differences of the total variation, which published code takes over rows and colours."""


@presets.register(
    "dream",
    label="DeepDream",
    about="Steps of equal size up the gradient, at several sizes of the picture.",
    source="Mordvintsev et al. 2015, the DeepDream notebook: 10 steps of 1.5 grey levels",
    parametrisation="pixels",
    regularisers={"unit_gradient": {}},
    optimiser="sgd",
    rate=0.006,
    steps=10,
)
class DreamPreset:
    """`features.dream` has its octaves and jitter."""


@presets.register(
    "published_dream",
    label="Published DeepDream",
    about="The gradient as it is, at one size: many steps.",
    source="pytorch-cnn-visualizations, deep dream: SGD 12, 250 steps",
    parametrisation="pixels",
    optimiser="sgd",
    rate=0.6,
    steps=250,
)
class PublishedDream:
    """For `features.dream` with `octaves: 1` and `jitter: 0`."""
