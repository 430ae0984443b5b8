"""What the jobs of the stage `features` have in common."""

from __future__ import annotations

from typing import Any

from signsight.attribution.randomise import untrained
from signsight.core.files import file_digest
from signsight.core.stored import stored_array
from signsight.features.made import Store
from signsight.features.make import Making
from signsight.features.recipe import recipe_of
from signsight.models.of_job import model_of_job


def making_of_job(snakemake: Any, network: str = "trained", frames: int = 1) -> Making:
    """The network of the input `model`, or one with random weights; the recipe of the params, and what it
    needs of the inputs `spectrum` and `means`."""
    params, inputs = snakemake.params, snakemake.input
    model, _, batch_size = model_of_job(snakemake, "attribution")
    if network == "random":
        model = untrained(model, params.seed)
    spectrum, means = (list(inputs.get(name) or []) for name in ("spectrum", "means"))
    return Making(
        model,
        recipe_of(params.recipe),
        params.seed,
        batch_size,
        frames=frames,
        magnitude=stored_array(spectrum[0]) if spectrum else None,
        class_means=stored_array(means[0]) if means else None,
    )


def store_of_job(snakemake: Any, making: Making, *inputs: str) -> Store:
    """What is finished of the job's pictures, beside its outputs.

    A picture depends on the recipe, seed, model, code and what the recipe needs; inputs: further ones that it
    depends on.
    """
    params, given = snakemake.params, snakemake.input
    files = [given.model[0], *(given.get("spectrum") or []), *(given.get("means") or []), *inputs]
    what = {"recipe": params.recipe, "seed": params.seed, "code": params.code, "more": params.get("more")}
    digests = [file_digest(file) for file in files]
    return Store(params.made, what | {"files": digests, "frames": making.frames})
