"""Natural pictures that activate the units of layers most, and the part of each picture that does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import nn

from signsight.attribution.precision import in_double
from signsight.attribution.relu import ReluMode
from signsight.core.errors import UserError
from signsight.data.imageset import ImageSet
from signsight.data.progress import progress
from signsight.features.objectives import layer_named, output_at
from signsight.features.optimise import untouched
from signsight.models.classifier import Classifier, to_pixels
from signsight.models.layers import as_map


@dataclass(frozen=True)
class UnitScan:
    """The pictures of a set that activate each of the K units of a layer most.

    A unit is a channel of a map, whose activation is its maximum over the positions, or a value of a (B, K)
    output. values: (K, T) float32, the T largest activations (all, if the set has fewer pictures),
    descending; rows: (K, T) int64, their pictures in the set, each at most once for a unit; places: (K, T, 2)
    int64, row and column of the maximum in the map, (-1, -1) where the layer has no positions; means: (K,)
    float32, of the activations of all pictures; sides: height and width of the map, (0, 0) where there is
    none.
    """

    layer: str
    values: np.ndarray
    rows: np.ndarray
    places: np.ndarray
    means: np.ndarray
    sides: tuple[int, int]


class _Done(Exception):
    """All layers were seen; what lies behind them need not run."""


class _Largest:
    """The largest activations of the units of one layer so far, at most `top` of each."""

    def __init__(self, layer: str, top: int, key: str) -> None:
        self.layer, self.top, self.key = layer, top, key
        self.runs, self.count, self.sides = 0, 0, (0, 0)
        self.kept: list[torch.Tensor] = []  # values, rows and flat places, each (K, up to `top`)
        self.sums: torch.Tensor | float = 0.0

    def see(self, output: object, count: int) -> None:
        """Take in the layer's output for the next `count` pictures.

        Its maxima are taken at once, since what comes behind the layer may work on it in place.
        """
        self.runs += 1
        if self.runs > 1:
            raise self.unfit("is run more than once for a picture")
        flat = isinstance(output, torch.Tensor) and output.ndim == 2
        found = output if flat else as_map(output)
        if found is None or len(found) != count or not found.is_floating_point():
            raise self.unfit("does not give units, a map of (batch, channels, height, width) or tokens")
        values = (found if flat else found.amax((2, 3))).float()  # (count, K)
        rows = torch.arange(self.count, self.count + count, device=found.device).expand(found.shape[1], -1)
        new = [values.mT, rows, torch.full_like(rows, -1)]
        if self.kept:
            new = [torch.cat(pair, 1) for pair in zip(self.kept, new, strict=True)]
        order = new[0].argsort(dim=1, descending=True, stable=True)[:, : self.top]  # of equals the lower row
        self.kept = [one.gather(1, order) for one in new]
        if not flat:
            self._place(found)
        self.sums = self.sums + in_double(values).sum(0)
        self.count += count

    def _place(self, maps: torch.Tensor) -> None:
        """Find the places of the kept values that are of these maps (B, K, h, w), which are few."""
        self.sides = (maps.shape[2], maps.shape[3])
        _, rows, spots = self.kept
        units, ranks = (rows >= self.count).nonzero(as_tuple=True)
        found = maps[rows[units, ranks] - self.count, units].flatten(1)
        spots[units, ranks] = found.argmax(1)  # of equals the first

    def scan(self) -> UnitScan:
        """What was found; UserError for values that are not finite."""
        means = (self.sums / self.count).float().cpu().numpy()
        if not np.isfinite(means).all():
            raise self.unfit("gives values that are not finite", "train the model again")
        values, rows, spots = (one.cpu().numpy() for one in self.kept)
        places = np.stack(np.divmod(spots, max(self.sides[1], 1)), 2)
        places[spots < 0] = -1
        return UnitScan(self.layer, values, rows, places, means, self.sides)

    def unfit(self, why: str, what: str = "name another layer") -> UserError:
        """The fault of a layer that cannot be scanned, and what to do."""
        return UserError(f"Config key '{self.key}' names the layer {self.layer!r}, which {why}; {what}.")


def scan_units(
    model: Classifier, images: ImageSet, layers: Iterable[str], top: int, batch_size: int, key: str
) -> dict[str, UnitScan]:
    """The `top` pictures of the set for every unit of `layers`, in one pass over the set for all of them.

    Of pictures that activate a unit alike, the one with the lower row comes first. Only one batch is held at
    a time, and after the first batch, which tells whether a layer is run again, the network runs no further
    than the last of the layers. UserError, naming the config key, for a layer that is not there, is not run
    just once, or has an output without units.
    """
    modules = {name: layer_named(model, name, key) for name in layers}
    if not len(images):
        raise UserError(f"{images.folder} has no pictures to search; choose a set that has some.")
    largest = {name: _Largest(name, top, key) for name in modules}
    told = progress("units", len(images), "pictures", step=batch_size)
    with untouched(model), torch.inference_mode(), told as step:
        for number, batch in enumerate(images.batches(batch_size)):
            _see(model, modules, largest, _pixels(model, batch), whole=number == 0)
            step(len(batch))
    return {name: one.scan() for name, one in largest.items()}


def _see(
    model: Classifier,
    modules: Mapping[str, nn.Module],
    largest: Mapping[str, _Largest],
    pixels: torch.Tensor,
    whole: bool,
) -> None:
    """Run the network on the next pictures (B, 3, H, W), to its end only if `whole`."""
    names = {module: name for name, module in modules.items()}

    def note(module: nn.Module, inputs: object, output: object) -> None:
        largest[names[module]].see(output, len(pixels))
        if not whole and all(one.runs for one in largest.values()):
            raise _Done

    for one in largest.values():
        one.runs = 0
    handles = [module.register_forward_hook(note) for module in names]
    try:
        model(pixels)
    except _Done:
        pass
    finally:
        for handle in handles:
            handle.remove()
    for one in largest.values():
        if not one.runs:
            raise one.unfit("is not run for a picture")


def chosen_units(scan: UnitScan, asked: int | Sequence[int], key: str) -> list[int]:
    """The units of a layer that a config asks for under `key`: a list of them, or a number of units.

    A number means those with the largest `means`, of equal ones the lower; units that no picture activates
    (no value above 0) come last, so that they are taken only where there are too few others. It gives all
    units where the layer has fewer. UserError for a listed unit that the layer does not have.
    """
    if isinstance(asked, int):
        silent = scan.values[:, 0] <= 0
        return np.lexsort((-scan.means, silent))[:asked].tolist()
    check_units(asked, len(scan.means), scan.layer, key)
    return list(dict.fromkeys(asked))


def check_units(units: Iterable[int], count: int, layer: str, key: str) -> None:
    """UserError, naming the config key, for a unit that is not one of the layer's `count`."""
    for unit in units:
        if not 0 <= unit < count:
            raise UserError(
                f"Config key '{key}' names unit {unit} of layer {layer!r}: it has {count}, counted from 0; "
                "name one of them."
            )


def patch_boxes(
    model: Classifier, images: np.ndarray, layer: str, units: np.ndarray, places: np.ndarray, batch_size: int
) -> np.ndarray:
    """The part of each picture that its unit at its position in the layer's map depends on.

    images: (n, H, W, 3) uint8; units: (n,) and places: (n, 2) as in a `UnitScan` of these pictures. Returns
    (n, 4) int64: top, left, bottom, right, the last two exclusive; the whole picture where the layer has no
    positions, or nothing reaches the unit.

    It is the bounding box of the pixels at which the gradient of this one activation is not zero. ReLUs pass
    every gradient, so that those that are off do not shrink the box: it is the receptive field. A maximum
    pooling passes the gradient to the largest value alone: behind it, the box is smaller than the receptive
    field, and rightly so, since only these pixels made the value. Other activations keep their gradient.
    """
    height, width = images.shape[1:3]
    boxes = np.tile(np.array([0, 0, height, width], np.int64), (len(images), 1))
    placed = np.flatnonzero(np.asarray(places)[:, 0] >= 0)
    for start in range(0, len(placed), batch_size):
        rows = placed[start : start + batch_size]
        reached = _reached(model, images[rows], layer, np.asarray(units)[rows], np.asarray(places)[rows])
        for row, mask in zip(rows, reached, strict=True):
            down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            if len(down):
                boxes[row] = down[0], across[0], down[-1] + 1, across[-1] + 1
    return boxes


def _reached(
    model: Classifier, images: np.ndarray, layer: str, units: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """(n, H, W) bool, the pixels that the gradient of an activation reaches."""
    # cuDNN may convolve by Winograd's or Fourier's way, whose rounding leaves no exact zeros
    exact = torch.backends.cudnn.flags(enabled=False)
    with untouched(model), torch.inference_mode(False), torch.enable_grad(), exact:
        pixels = _pixels(model, images).requires_grad_(True)
        with ReluMode("open"):
            values = output_at(model, model.network.get_submodule(layer), layer, pixels)
        chosen = values[np.arange(len(images)), units, places[:, 0], places[:, 1]]
        if not chosen.requires_grad:
            return np.zeros(images.shape[:3], bool)
        (gradient,) = torch.autograd.grad(chosen.sum(), pixels)
        return (gradient.abs().sum(1) > 0).cpu().numpy()


def _pixels(model: Classifier, images: np.ndarray) -> torch.Tensor:
    """Pictures (B, H, W, 3) uint8 as the model takes them."""
    return to_pixels(images, model.mean.device).to(model.mean.dtype)


def pack(scans: Mapping[str, UnitScan]) -> dict[str, np.ndarray]:
    """Scans of several layers as the arrays of one `.npz`; `unpack` takes them apart."""
    arrays = {"layers": np.array([scan.layer for scan in scans.values()], dtype=np.str_)}
    for number, scan in enumerate(scans.values()):
        arrays |= {f"{number}_{name}": np.asarray(getattr(scan, name)) for name in _ARRAYS}
    return arrays


def unpack(arrays: Mapping[str, np.ndarray]) -> dict[str, UnitScan]:
    """What `pack` packed, layer -> scan, from a dict or an open `.npz`."""
    scans = {}
    for number, layer in enumerate(arrays["layers"].tolist()):
        found = {name: arrays[f"{number}_{name}"] for name in _ARRAYS}
        height, width = found.pop("sides").tolist()
        scans[layer] = UnitScan(layer, sides=(height, width), **found)
    return scans


_ARRAYS = [field.name for field in fields(UnitScan) if field.name != "layer"]
