"""A gallery: what every method makes of a few pictures; sweeps of SmoothGrad and of LayerCAM's layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from signsight.attribution.reduce import reduced
from signsight.attribution.run import Settings, explain_bound
from signsight.attribution.target import Value, parse
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.core.words import nearest
from signsight.data.progress import progress
from signsight.models.classifier import Classifier, forward_batches
from signsight.models.stages import stages

TOP = 5  # classes of a picture that are kept with their probabilities


def picture_table(
    model: Classifier, listed: pd.DataFrame, images: np.ndarray, target: Value, batch_size: int
) -> pd.DataFrame:
    """What the classifier sees in the pictures, and what is explained in each.

    listed: of `data.photographs`; images: (N, size, size, 3) uint8; target: see `attribution.target`, with
    "true" the given class where there is one, else the predicted. Columns: file, class_id, class_name,
    predicted_id, predicted_name, probability, explained_id, against_id, explained_name,
    explained_probability, true_probability, most_probable (classes, as "12 0.93, 3 0.02"), and those that
    `listed` has besides. class_id is -1, class_name empty and true_probability NaN where they are not known;
    against_id is -1 where nothing is compared; explained_id is -1 of a unit of a layer, and the name that of
    the unit. explained_probability is NaN but for one class alone.
    """
    batches = (images[start : start + batch_size] for start in range(0, len(images), batch_size))
    logits = torch.cat(list(forward_batches(model, batches, model.mean.device)))
    shares = logits.softmax(1).numpy()
    names, given = np.array(model.classes), listed["class_id"].to_numpy()
    predicted, rows = shares.argmax(1), np.arange(len(images))
    told = parse(target, "logit")
    truth = np.where(given >= 0, given, predicted)
    bound = told.bind(model, logits, truth, listed["file"].tolist(), logits)
    none = np.full(len(images), -1)
    explained, against = (none if one is None else one.numpy() for one in (bound.classes, bound.against))
    alone = (explained >= 0) & (against < 0)
    named = names[explained]
    if bound.against is not None:
        named = [f"{one} against {other}" for one, other in zip(named, names[against], strict=True)]
    return listed.assign(
        class_name=np.where(given >= 0, names[np.maximum(given, 0)], ""),
        predicted_id=predicted,
        predicted_name=names[predicted],
        probability=shares[rows, predicted],
        explained_id=explained,
        against_id=against,
        explained_name=str(told) if bound.classes is None else named,
        explained_probability=np.where(alone, shares[rows, explained], np.nan),
        true_probability=np.where(given >= 0, shares[rows, np.maximum(given, 0)], np.nan),
        most_probable=[_most_probable(own) for own in shares],
    )


def _most_probable(shares: np.ndarray) -> str:
    """The most probable classes of one picture, (C,) float: numbers and probabilities."""
    order = np.argsort(-shares, kind="stable")[:TOP]
    return ", ".join(f"{number} {shares[number]:.6g}" for number in order)


def explain_pictures(
    model: Classifier, images: np.ndarray, table: pd.DataFrame, settings: Settings
) -> dict[str, np.ndarray]:
    """Maps of the pictures by one method, of what `table` (of `picture_table`) says is explained.

    images: (N, H, W, 3) uint8. Returns `maps` (N, H, W) float32, signed and unnormalised, and
    `colours` (N, 3, H, W) of a method that has a value for each colour; or, of a method that does
    not suit the network, `refused`, its one sentence.
    """
    how, values, size = methods.about(settings.method).get("reduce"), [], settings.batch_size
    ids, device = table["file"].tolist(), model.mean.device
    classes = (table[name].to_numpy(np.int64) for name in ("explained_id", "against_id"))
    targets = settings.explained.held(*classes, device)
    try:
        with progress(settings.method, len(images), "pictures", step=size) as step:
            for start in range(0, len(images), size):
                rows = slice(start, start + size)
                chosen = (images[rows], targets[rows], ids[rows])
                values.append(explain_bound(model, *chosen, settings, device, colours=True))
                if not np.isfinite(values[-1]).all():
                    raise UserError(f"A map of {settings.method} is not finite; is the model trained?")
                step(len(values[-1]))
    except UserError as fault:
        return {"refused": np.array(str(fault))}
    found = np.concatenate(values)
    if not how:
        return {"maps": found}
    maps = {"maps": reduced(torch.from_numpy(found), how).numpy()}
    # LRP gives the relevance of a network's own input, which has no colours if it is grey.
    return maps if found.shape[1] == 1 else maps | {"colours": found}


def sweeps(
    model: Classifier,
    images: np.ndarray,
    table: pd.DataFrame,
    smooth: Settings,
    layer: Settings,
    samples: Sequence[int],
    spreads: Sequence[float],
    layers: Sequence[str] | None,
) -> dict[str, np.ndarray]:
    """SmoothGrad by number of copies and by spread of the noise, and LayerCAM by layer.

    smooth, layer: settings of the two methods; a sweep of SmoothGrad holds its other parameter where
    `smooth` has it, and more copies add to the fewer. Returns `samples` (N, len(samples), H, W) and
    `spreads` (N, len(spreads), H, W) float32; `layers` (k names) and `maps` (N, k + 1, H, W) of
    `layer_sweep`, or, of a network without a layer that has a map, `refused`, one sentence.
    UserError when a layer of `layers` is not there or has no map.
    """

    def swept(key: str, values: Sequence[float]) -> np.ndarray:
        chosen = [replace(smooth, parameters=smooth.parameters | {key: value}) for value in values]
        maps = []
        with progress(f"strip of {key}", len(chosen), "values") as step:
            for one in chosen:
                maps.append(_maps(model, images, table, one))
                step(1)
        return np.stack(maps, axis=1)

    found = {"samples": swept("samples", samples), "spreads": swept("spread", spreads)}
    if layers is None:
        try:
            layers = stages(model.network, model.size, model.channels)
        except ValueError:
            sentence = "no layer of the network gives a map over the image."
            return found | {"refused": np.array(sentence)}
    return found | {"layers": np.array(layers), "maps": layer_sweep(model, images, table, layer, layers)}


def layer_sweep(
    model: Classifier, images: np.ndarray, table: pd.DataFrame, settings: Settings, layers: Sequence[str]
) -> np.ndarray:
    """LayerCAM at each of the k layers, and fused over all at the end, (N, k + 1, H, W) float32.

    layers: names in the network. UserError for one that is not there or has no map.
    """
    known = dict(model.network.named_modules())
    for name in layers:
        if not name or name not in known:
            hint = nearest(name, filter(None, known))
            raise UserError(
                f"Config key 'gallery.layers' names {name!r}, which is not a layer of the network; {hint}"
            )
    chosen = [*([name] for name in layers), list(layers)]
    sets = [replace(settings, parameters={"layers": names}) for names in chosen]
    with progress("strip of layers", len(sets), "layers") as step:
        maps = []
        for one in sets:
            maps.append(_maps(model, images, table, one))
            step(1)
    return np.stack(maps, axis=1)


def _maps(model: Classifier, images: np.ndarray, table: pd.DataFrame, settings: Settings) -> np.ndarray:
    """As `explain_pictures`, but (N, H, W) maps alone, and UserError when the method refuses."""
    found = explain_pictures(model, images, table, settings)
    if "refused" in found:
        raise UserError(str(found["refused"]))
    return found["maps"]
