"""Every caption fills in from a config with all defaults, and is valid reStructuredText."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.core.registry import figures
from signsight.data.dataset import facts

ROOT = Path(__file__).parents[3]
CAPTIONS = sorted((ROOT / "rules" / "captions").glob("*.rst"))


@pytest.mark.parametrize("data_set", ["signs", "gtsrb"])
@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_caption(path: Path, data_set: str) -> None:
    config = complete({"data": {"name": data_set}}, load_schema(ROOT / "config" / "schema.yaml"))
    about = figures.about(path.stem) if path.stem in figures else {}
    published = set(about.get("published", ())) & set(facts(data_set)["published"])
    # Snakemake's own settings, but that an unknown key is an error here.
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    job = SimpleNamespace(config=config, params=SimpleNamespace(published=published))
    text = environment.from_string(path.read_text()).render(snakemake=job)
    html = publish_parts(text, writer="html", settings_overrides={"halt_level": 2})["body"]
    html = re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)
    assert "<strong>" in html and "{" not in html and "**" not in html
    if path.stem in ("masking", "degrees", "sticker_accuracy"):
        assert ("published study" in html) == (data_set == "gtsrb")


def test_there_is_a_caption_for_every_figure() -> None:
    gallery = {f"gallery_{name}" for name in ("sheet", "animation", "smoothing", "layers")}
    pictures = {"class_pictures", "class_animation", "filters", "layer_activations", "inversion", "dreams"}
    pictures |= {"box_sheets", "detection_overview"}
    assert {path.stem for path in CAPTIONS} == {*figures.names(), *gallery, *pictures, "summary", "report"}
