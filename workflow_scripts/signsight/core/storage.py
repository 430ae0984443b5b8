"""Files that lie in a storage of Snakemake, such as S3: a job works on local copies of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def name_local_copies(snakemake: Any) -> None:
    """Let the params of a job name the local copies of the run's files, as its inputs and outputs do.

    With `--default-storage-provider`, Snakemake puts copies of what is below `results` and `cache` into a
    folder of its own and names these in inputs, outputs and logs; params it leaves as the rule has them.
    Nothing is changed where the files lie in their own place.
    """
    config = getattr(snakemake, "config", {})
    roots = [config[key] for key in ("results", "cache") if key in config]
    prefix = prefix_of(str(snakemake.log[0]), roots) if snakemake.log else ""
    if not prefix:
        return
    params = snakemake.params
    moved = {name: _moved(value, prefix, roots) for name, value in params.items()}
    for place, value in enumerate(params):
        params[place] = _moved(value, prefix, roots)
    for name, value in moved.items():
        setattr(params, name, value)
    type(snakemake).params = params  # a property, which makes them anew whenever they are looked at


def prefix_of(file: str, roots: list[str]) -> str:
    """What stands before one of the roots (relative folders) in the path of a file; "" for nothing."""
    found = [file.find(f"/{root}/") for root in roots if not file.startswith(f"{root}/")]
    places = [place for place in found if place >= 0]
    return file[: min(places)] if len(found) == len(roots) and places else ""


def _moved(value: Any, prefix: str, roots: list[str]) -> Any:
    """The value with the prefix before every path in it that begins with a root."""
    if isinstance(value, Mapping):
        return {key: _moved(inner, prefix, roots) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_moved(inner, prefix, roots) for inner in value]
    if isinstance(value, str | Path) and str(value).startswith(tuple(f"{root}/" for root in roots)):
        return f"{prefix}/{value}" if isinstance(value, str) else Path(prefix, value)
    return value
