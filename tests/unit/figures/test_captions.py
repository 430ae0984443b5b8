"""Every caption fills in from a config with all defaults, and is valid reStructuredText."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

from signsight.core.registry import figures

ROOT = Path(__file__).parents[3]
CAPTIONS = sorted((ROOT / "rules" / "captions").glob("*.rst"))


def defaults(schema: dict[str, Any]) -> dict[str, Any]:
    """The default of every key of the schema."""
    found = {}
    for key, value in schema.get("properties", {}).items():
        found[key] = value["default"] if "default" in value else defaults(value)
    return found


@pytest.mark.parametrize("dataset", ["signs", "gtsrb"])
@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_caption(path: Path, dataset: str) -> None:
    config = defaults(yaml.safe_load((ROOT / "config" / "schema.yaml").read_text()))
    config["data"]["name"] = dataset
    # Snakemake's own settings, but that an unknown key is an error here.
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    text = environment.from_string(path.read_text()).render(snakemake=SimpleNamespace(config=config))
    html = publish_parts(text, writer="html", settings_overrides={"halt_level": 2})["body"]
    assert "<strong>" in html and "{" not in html and "**" not in html
    if path.stem in ("masking", "degrees", "sticker_accuracy"):
        assert ("published study" in html) == (dataset == "gtsrb")


def test_there_is_a_caption_for_every_figure() -> None:
    gallery = {f"gallery_{name}" for name in ("sheet", "animation", "smoothing", "layers")}
    assert {path.stem for path in CAPTIONS} == {*figures.names(), *gallery, "summary"}
