"""What two experiments were asked to do differently, from the configs that they stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from signsight.config.choices import TRANSFORMS, Config

# Groups whose keys change what a network learns or is shown; the others say what is measured and drawn.
GROUPS = ("seed", "data", "model", "training", "attribution", "masking", "stickers", "geometry")
# Keys of them that say where pictures come from, what is measured, and in what pieces.
ELSEWHERE = {
    "data.source", "data.checksums", "data.retries", "data.broken", "data.images",
    "model.seeds",
    "training.reuse",
    "attribution.methods", "attribution.methods_per_job", "attribution.batch_size",
    "masking.methods",
    "stickers.methods", "stickers.stock", "stickers.stock_size",
    *(f"geometry.{transform}" for transform in TRANSFORMS),
}  # fmt: skip


def changed(reference: Config, other: Config) -> dict[str, Any]:
    """Dotted key -> its value in `other`, of the settings that are not the same in `reference`.

    A setting that only one of them has (of a method or variant that the other does not use) is left out.
    """
    before, after = (dict(_settings(config)) for config in (reference, other))
    return {key: after[key] for key in after if key in before and after[key] != before[key]}


def _settings(config: Config) -> Iterator[tuple[str, Any]]:
    for group in GROUPS:
        yield from _leaves(config.get(group), group)


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if name in ELSEWHERE:
        return
    if isinstance(value, dict):
        for key, own in value.items():
            yield from _leaves(own, f"{name}.{key}")
    else:
        yield name, value
