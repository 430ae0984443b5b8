"""The two files that an experiment's results carry: its complete config, and what it was made from and by."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from signsight.core.files import file_digest, write_json, write_text
from signsight.data.listing import listing
from signsight.plan.inputs import key_of
from signsight.plan.plan import Plan
from signsight.provenance.surroundings import checkout, hardware, software

HEAD = """# The complete config of these results, with every default. To make them again, in a
# checkout of the commit that provenance.json names:
#   snakemake --cores 8 --configfile {file}
"""
Entries = dict[str, dict[str, Any]]


def record(plan: Plan, checkout_folder: Path, *, seconds: float, conda: bool) -> None:
    """Write `config.yaml` and `provenance.json` to the folder of a plan's results, if there are any.

    seconds: how long the run took. conda: whether jobs ran in the environments of `envs/`. A file that is as
    it was when its entry was made keeps it, with the commit of that time, and is not read again.
    """
    root = Path(plan.root)
    before = _read(root / "provenance.json")
    code = checkout(checkout_folder)
    results = _entries(_results(plan), before.get("results", {}), {"commit": code["commit"]})
    if not results:
        return
    told = {
        "experiment": plan.config["experiment"],
        "config": "config.yaml",
        "seeds": {"seed": plan.config["seed"], "training": list(plan.runs) if plan.trained else []},
        "code": code,
        "software": software() | {"conda": _pins(checkout_folder) if conda else None},
        "hardware": hardware(),
        "inputs": _entries(_inputs(plan), before.get("inputs", {}), {}),
        "folders": {key: {"path": _homely(path), "listing": _listed(path)} for key, path in _sources(plan)},
        "results": results,
    }
    config = HEAD.format(file=f"{plan.root}/config.yaml") + yaml.safe_dump(
        _homely(plan.config), sort_keys=False, allow_unicode=True
    )
    same = before.keys() > told.keys() and before["results"] == results
    if same and _text(root / "config.yaml") == config:
        return  # nothing was made, and this machine or checkout may be another
    run = {"ended": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": round(seconds, 1)}
    write_text(root / "config.yaml", config)
    write_json(root / "provenance.json", told | {"run": run})


def _read(file: Path) -> dict[str, Any]:
    """What an earlier run wrote; nothing where it is missing or damaged."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _results(plan: Plan) -> list[str]:
    """Weights, maps and tables, of the models of all seeds."""
    runs = plan.runs.values()
    models = [file for run in runs for file in plan.model_of(run)]
    maps = [file for run in runs for file in plan.maps(plan.methods, run).values()]
    albums = [file for album in plan.albums.methods for file in plan.albums.maps(album).values()]
    tables = sorted(map(str, Path(plan.root, "tables").glob("*.csv")))
    detector = [*plan.detection.model, *plan.detection.maps.values()] if plan.detection.wanted else []
    return list(dict.fromkeys([*models, *maps, *albums, *detector, *tables]))


def _inputs(plan: Plan) -> list[str]:
    """Archives, weights and plugins that a run reads."""
    archives = [f"{plan.cache}/{name}" for name in plan.archives] + plan.drawn
    detector = plan.detection
    scenes = [*detector.drawn, *detector.voc_archive, *detector.weight_files]
    return list(dict.fromkeys([*archives, *plan.weight_files, *scenes, *plan.config["plugins"]]))


def _sources(plan: Plan) -> Iterable[tuple[str, str]]:
    """Key of the config -> folder, table or file with pictures of the user."""
    named = {plan.albums.key(album): plan.albums.source(album) for album in plan.albums.methods}
    named |= {"data.source": plan.folder, "data.masks": plan.config["data"]["masks"]}
    named["detection.pictures"] = plan.detection.source
    return [(key, str(path)) for key, path in sorted(named.items()) if path]


def _listed(path: str) -> str:
    """Digest of names, sizes and times, by which jobs see a change, too."""
    return key_of(listing(path))


def _entries(files: Iterable[str], before: Mapping[str, Any], more: Mapping[str, Any]) -> Entries:
    """File -> bytes, time and sha256 of it, for those that are there."""
    found: Entries = {}
    for file in files:
        path = Path(file)
        if not path.is_file():
            continue
        state = path.stat()
        written = datetime.fromtimestamp(state.st_mtime, UTC).isoformat()
        told = {"bytes": state.st_size, "written": written}
        old, name = before.get(_homely(file)), _homely(file)
        known = isinstance(old, dict) and old | told == old and "sha256" in old
        found[name] = old if known else told | {"sha256": file_digest(path)} | dict(more)
    return found


def _pins(folder: Path) -> dict[str, str]:
    """File of an environment -> its sha256."""
    return {f"envs/{file.name}": file_digest(file) for file in sorted(folder.glob("envs/*.yaml"))}


def _homely(value: Any) -> Any:
    """Texts in a config with `~` for the user's home folder, which is nobody else's business."""
    if isinstance(value, Mapping):
        return {key: _homely(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_homely(inner) for inner in value]
    home = str(Path("~").expanduser())
    if isinstance(value, str) and home != "/" and value.startswith(f"{home}/"):
        return f"~{value[len(home) :]}"
    return value
