"""What figures and the summary write of metrics: as handed over for those of the run, or as declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signsight.core.registry import metrics

WORDS: dict[str, Mapping[str, Any]] = {}  # of the metrics and variants of the run, see `name_metrics`


def name_metrics(words: Mapping[str, Mapping[str, Any]]) -> None:
    """From now on write this of metrics, and of variants, which have no declaration of their own.

    words: metric or variant -> `label`, `x`, `quantities`, `curves`, as in a declaration.
    """
    WORDS.clear()
    WORDS.update(words)


def metric_words(name: str) -> Mapping[str, Any]:
    """What there is to write of a metric or variant. UserError for a name that stands for neither."""
    return WORDS[name] if name in WORDS else metrics.about(name)
