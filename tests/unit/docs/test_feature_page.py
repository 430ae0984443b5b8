"""The configs that docs/features.md shows, and those of config/ that it names, are valid."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.data.classes import GTSRB_CLASSES
from signsight.features.wanted import wanted

ROOT = Path(__file__).parents[3]
SCHEMA = load_schema(ROOT / "config/schema.yaml")
PAGE = (ROOT / "docs/features.md").read_text(encoding="utf-8")
SHOWN = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


@pytest.mark.parametrize("shown", SHOWN, ids=range(len(SHOWN)))
def test_a_config_of_the_page_is_valid_and_names_signs(shown: dict[str, Any]) -> None:
    which = complete(shown, SCHEMA)["features"]["classes"]["which"]
    names = [sign.name for sign in GTSRB_CLASSES]
    assert wanted(which, names, "features.classes.which")


@pytest.mark.parametrize("file", sorted((ROOT / "config").glob("features*.yaml")), ids=lambda file: file.stem)
def test_a_config_of_the_stage_is_valid_and_the_page_names_it(file: Path) -> None:
    config = complete(yaml.safe_load(file.read_text(encoding="utf-8")), SCHEMA)
    features = config["features"]
    assert features["classes"]["which"] or features["filters"]["layers"]
    assert file.name in PAGE
