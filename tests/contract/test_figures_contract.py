"""Every registered figure says where it stands, what it is drawn from and when."""

from __future__ import annotations

import pytest

from signsight.core.registry import figures
from signsight.figures.table import ARTEFACTS, FACTS, signature

CONDITIONS = {
    "metrics", "any_metric", "methods", "quantities", "methods_at_least", "explaining_at_least", "config",
    "own_classes", "stage", "undrawn", "variants",
}  # fmt: skip


@pytest.mark.parametrize("figure", figures.names())
def test_a_figure_says_where_it_stands_and_what_it_is_drawn_from(figure: str) -> None:
    about = figures.about(figure)
    assert set(about) <= {"category", "subcategory", "published", "draws", "pages", "when"}
    assert about["category"] and about["subcategory"]
    assert set(about.get("when", ())) <= CONDITIONS
    artefacts, facts = signature(figure)
    assert artefacts and set(artefacts) <= set(ARTEFACTS) and set(facts) <= set(FACTS)
    assert ("published" in facts) == ("published" in about)
    assert figures.get(figure).__doc__
