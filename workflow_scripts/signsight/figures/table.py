"""The table of figures, read from their source: what each is drawn from, and which curves none draws.

    @figures.register("masking", category="Masking", subcategory="Accuracy", published=("masking",))
    @styled
    def masking(masking: pd.DataFrame, classes: pd.DataFrame, *, grid: int, ...) -> Figure: ...

is all there is to say of a figure. Its positional parameters name artefacts, files that a run makes;
the keyword-only ones name facts, values of the config or of the plan (`published`: the tables by name).
The decorator says under which category and subcategory of the report it stands, and:

- pages: True for a figure that is a list of pages, which are written to a folder of its name;
- published: names of the published tables that it compares with;
- draws: metrics whose curves it draws, which the figure `metric_curves` then leaves out;
- when: what must hold beside the artefacts being there: the `stage` has tables; all `metrics` are run, or
one of `any_metric`;
  all `methods` are; there are so many `quantities`, `methods_at_least` or, without the controls,
  `explaining_at_least`; the `config` has these values (by dotted key); the classes are the data set's
  (`own_classes`) and not those of a pretrained network; so many metrics are `undrawn` (see below); there are
  `variants` of the metrics that it draws, which it then shows beside them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from signsight.core.errors import UserError
from signsight.core.registry import figures, metrics
from signsight.core.words import nearest

ARTEFACTS = (
    "agreement", "background", "box_curves", "box_metrics", "box_nulls", "box_ranking", "cascades", "cells",
    "classes", "clean", "clean_scores", "composed", "confusion", "detection_accuracy", "empty_maps",
    "feature_summary", "features", "geometry", "history", "identical_maps", "images", "inversion_errors",
    "maps", "masking", "masking_scores", "metric_curves", "metrics", "nulls", "path_similarity", "perturbed",
    "photograph_images", "photograph_maps", "photographs", "ranking", "seeds", "sticker_bases",
    "sticker_cells", "sticker_confusions", "sticker_scores", "stickers", "times",
    # of experiments that are compared
    "compared_accuracy", "compared_answers", "compared_background", "compared_classes", "compared_geometry",
    "compared_losses", "compared_maps", "compared_masking", "compared_metrics",
    "compared_rankings", "compared_stickers", "disagreements", "published_gaps",
    # of the user's own photographs
    "drawn_and_real", "on_sticker",
)  # fmt: skip
FACTS = (
    "augmented", "box_controls", "box_quantities", "colour", "confidence", "controls", "cropped", "degrees",
    "designs", "fill", "follows", "grid", "hidden", "label_smoothing", "masked_cells", "methods",
    "metric_scores",
    "network", "networks_compared", "overview_images", "published", "quantities", "recipes", "seeds_quantity",
    "sheet_images", "sign_widths", "signed", "sticker_method", "sticker_sets", "undrawn",
)  # fmt: skip


def signature(name: str) -> tuple[list[str], list[str]]:
    """The artefacts and the facts that the figure called `name` is drawn from.

    UserError for one that there is not.
    """
    named = figures.arguments(name)
    if named is None:
        raise UserError(
            f"{figures.file(name)} registers the figure {name!r}, which is not a function; write one."
        )
    artefacts, facts = named
    _refuse_unknown(name, "artefact", artefacts, ARTEFACTS)
    _refuse_unknown(name, "fact", facts, FACTS)
    return artefacts, facts


def _refuse_unknown(name: str, noun: str, asked: Collection[str], known: Collection[str]) -> None:
    for one in asked:
        if one not in known:
            raise UserError(f"The figure {name!r} asks for the {noun} {one!r}; {nearest(one, known)}")


def undrawn(run: Mapping[str, str], shown: Collection[str]) -> list[str]:
    """The metrics among `run` with curves that none of the figures `shown` draws.

    run: metric or variant -> the registered metric that it stands for.
    """
    about = [figures.about(name) for name in shown]
    drawn = {metric for told in about for metric in told.get("draws", ())}
    varied = {m for told in about if told.get("when", {}).get("variants") for m in told["draws"]}
    return [
        name
        for name, base in run.items()
        if name not in drawn and base not in varied and metrics.about(base).get("curves")
    ]
