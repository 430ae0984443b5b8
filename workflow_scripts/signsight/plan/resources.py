"""What a rule's jobs ask a cluster for: memory and time, by the number of images and what is done to them.

Constants are rounded up from measurements on two cores (docs/performance.md, `benchmarks/` of runs), and
docs/cluster.md tells users of them. Memory is that of some batches, whatever the data set; time has a margin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from signsight.config.choices import about_method, about_metric
from signsight.core.registry import detectors, methods, metrics
from signsight.evaluation.nulls import NULLS
from signsight.models.names import torchvision_names
from signsight.plan.plan import Plan

# What a data set holds that does not say so.
UNKNOWN = {"train": 50_000, "test": 50_000, "classes": 1_000}
MARGIN = 3  # time that is asked for, as a multiple of what is expected: nodes and disks differ
LONGEST = 24 * 60  # minutes of a first attempt; a second one gets two days, and many clusters allow no more
# MB, with 0.4 GB for the processes of Snakemake in a submitted job: a job without torch (measured: 0.16 GB),
# one that runs a network in batches of 1 GB on the CPU (0.9 GB), a warp job (0.05 GB).
LIGHT, TORCH, WARP = 1000, 2500, 600
CUDA = 4000  # MB of main memory for the libraries of a GPU, with room
HEAVY = 3000  # MB for the largest classifiers of torchvision (0.6 GB of weights), their gradients and copies
STOCK = 500  # MB to draw stock pictures
ROW = 4e-3  # MB of an image's rows in tables and indices
PIXEL = 3e-3  # MB of a pixel in a pass with gradients: activations of VGG16, and their gradients
PIXEL_TIME = 1e-7  # seconds to read, change and write a pixel; warping takes a fifth of that
SMALL_FILE, PHOTOGRAPH = 0.01, 0.1  # seconds to read or write a picture from an archive, or one of some MB
# Seconds of one core for a forward pass of an image: a small network at 48 px, VGG16 at 224 px, the small
# detector and those of torchvision for a whole picture.
SMALL, LARGE, SMALL_DETECTOR, LARGE_DETECTOR = 2e-3, 0.4, 0.05, 8.0
GPU_SPEED = 50  # of a GPU, as a multiple of a core's
BACKWARD = 3  # forward passes that a forward and backward pass costs
STEP = 8  # of an example in a training, with its augmentation and the validation
GRADIENT = 6  # of the most expensive method that needs a constant number of them (LRP)
PLACES = 512  # of a method that needs one for each window or channel
STAGES = 25  # layers at which randomisation runs a method again
SHOWN = 24  # images of a figure for which methods are run again
IMPUTED = 0.15  # seconds for ROAD to fill in a share of an image of 224 px
# Parameters that say how often a method or a metric runs the network.
COUNTS = ("samples", "steps", "masks", "repetitions", "draws", "subsets", "max_cells")


class Need(NamedTuple):
    """What a job asks for at its first attempt: MB of memory, and minutes."""

    mem_mb: int
    minutes: int


def need(mem_mb: float, seconds: float, least: int = 15) -> Need:
    """A need from measured memory and expected time: `least` minutes at least, and at most LONGEST."""
    minutes = math.ceil((least + MARGIN * seconds / 60) / 5) * 5
    return Need(100 * math.ceil(mem_mb / 100), min(minutes, LONGEST))


class Needs:
    """The needs of the jobs of a plan.

    count: the number of the user's pictures in a folder, a table or a file; 0 for None.
    """

    def __init__(self, plan: Plan, count: Callable[[str | None], int]) -> None:
        self.plan, self.config, self.count = plan, plan.config, count
        self.size: int = plan.config["data"]["size"]
        self.on_gpu = plan.config["device"] != "cpu"
        self.heavy = plan.config["model"]["name"] in torchvision_names()

    # how much there is

    @cached_property
    def held(self) -> dict[str, int]:
        """Training and test pictures, and classes, as the data set says or the user's folder has them."""
        if not self.plan.has_data:
            return {"train": 0, "test": 0, "classes": UNKNOWN["classes"]}
        parameters = self.plan.data_set["parameters"]
        told = {part: _product(of, parameters) for part, of in self.plan.about["holds"].items()}
        own = self.count(self.plan.folder) if self.plan.folder else 0
        return UNKNOWN | (dict.fromkeys(("train", "test"), own) if own else {}) | told

    def images(self, part: str = "test") -> int:
        """Pictures of a part that are used."""
        asked = self.config["data"]["images"] if part == "test" else None
        return min(self.held[part], asked or self.held[part])

    def share(self, count: int) -> int:
        """The largest part of so many images that a job gets."""
        return math.ceil(count / self.plan.shards)

    @property
    def own_pictures(self) -> int:
        """The user's pictures in all albums."""
        return sum(self.count(self.plan.albums.source(album)) for album in self.plan.albums.methods)

    # what a pass costs

    @property
    def seconds(self) -> float:
        """Of a forward pass of one image."""
        core = LARGE * (self.size / 224) ** 2 if self.heavy else SMALL * (self.size / 48) ** 2
        return core / GPU_SPEED if self.on_gpu else core

    @property
    def torch_mb(self) -> int:
        """Memory of a job that runs the network, in batches of 1 GB or of the config's size."""
        asked = [self.config[group]["batch_size"] for group in ("attribution", "evaluation")]
        batch = max(0 if size == "auto" else size for size in asked) * self.size**2 * PIXEL
        return TORCH + HEAVY * self.heavy + (CUDA if self.on_gpu else math.ceil(batch))

    def network(self, passes: float = 0, mem_mb: float = 0) -> Need:
        """A job that makes so many forward passes of one image each."""
        return need(self.torch_mb + mem_mb, passes * self.seconds)

    @property
    def load(self) -> Need:
        """A job that runs the network for a moment, on the CPU."""
        return need(TORCH + HEAVY * self.heavy, 60)

    def passes(self, method: str) -> float:
        """Forward passes of an image that a method or variant costs."""
        needs = about_method(self.config, method)["needs"]
        if needs == "nothing":
            return 0
        chosen = self.plan.method(method)
        counted = _counted(methods.defaults(chosen["method"]) | chosen["parameters"])
        return GRADIENT * counted if needs == "gradient" or counted > 1 else PLACES

    # jobs

    def table(self, values: float = 0) -> Need:
        """A table, a figure or a page, from so many values besides the rows of the test images."""
        return need(LIGHT + ROW * self.images() + 1e-4 * values, 60 + 1e-3 * self.images() + 1e-5 * values)

    @property
    def answers(self) -> Need:
        """A table made of the predictions for all sets."""
        sets = sum(map(len, self.plan.scored.values())) if self.plan.has_data else 0
        masked = len(self.plan.masking_methods) * len(self.plan.masked_cells)
        return self.table(self.images() * (self.held["classes"] + sets + masked))

    def arrays(self, sets: int = 1, mem_mb: float = LIGHT) -> Need:
        """So many sets of the test images, or their maps, read and written in pieces."""
        return need(mem_mb + ROW * self.images(), 60 + PIXEL_TIME * self.images() * sets * self.size**2)

    @property
    def warp(self) -> Need:
        """One degree of the test images; small, since many of these jobs go into one submission."""
        return need(WARP, PIXEL_TIME * self.images() * self.size**2, least=5)

    @property
    def sticker(self) -> Need:
        """The stickered sets of the test images or of the stock pictures."""
        stock = self.held["classes"] * self.config["stickers"]["stock_size"] ** 2
        pixels = max(self.images() * self.size**2, stock) * len(self.plan.sticker_sets)
        return need(LIGHT + ROW * self.images() + STOCK, 60 + 10 * PIXEL_TIME * pixels)

    def files(self, pictures: int, seconds: float = PHOTOGRAPH) -> Need:
        """Picture files read or written one by one."""
        return need(2 * LIGHT + ROW * pictures, 60 + seconds * pictures)

    @property
    def crop(self) -> Callable[[Any], Need]:
        """An image set cut from archives or files."""
        seconds = PHOTOGRAPH if self.plan.folder else SMALL_FILE
        return lambda wildcards: self.files(self.images(wildcards.part), seconds)

    @property
    def export(self) -> Need:
        """An image set written as picture files."""
        return self.files(max(self.images("train"), self.images()), SMALL_FILE)

    @property
    def download(self) -> Need:
        """An archive of up to some GB from a slow server."""
        return need(LIGHT, 3600)

    @property
    def render(self) -> Need:
        """Drawn signs: 388 a second by a core."""
        return need(3 * LIGHT, 0.01 * sum(self.held[part] for part in ("train", "test")))

    @property
    def examples(self) -> int:
        """Training examples: all pictures, perhaps mirrored, or as many of each class as the config says."""
        return max(2 * self.images("train"), (self.config["data"]["balance"] or 0) * self.held["classes"])

    @property
    def train(self) -> Need:
        """The training: all its examples, in all its epochs."""
        training, examples = self.plan.training, self.examples
        each = min(examples, training["examples_per_epoch"] or examples)
        seen = each * training["epochs"] if training["epochs"] else max(20 * each, 128_000)
        batch = 0 if self.on_gpu else (training["batch_size"] or 64) * self.size**2 * PIXEL
        held = min(self.images("train") * self.size**2 * 3e-6, 1100)  # pixels, held up to 1 GB
        return self.network(STEP * seen, batch + held + ROW * examples)

    def attribute(self, methods: Iterable[str]) -> Need:
        """The maps of a shard of the test images by these methods."""
        passes = sum(self.passes(method) for method in methods)
        return self.network(self.share(self.images()) * (passes + 1), ROW * self.images())

    @property
    def compose(self) -> Need:
        """The test images with other backgrounds."""
        return self.arrays(10 * len(self.plan.background_sets), TORCH)

    @property
    def pictured(self) -> Need:
        """A few images by every method, for a figure."""
        passes = max([1, *map(self.passes, self.plan.methods)])
        return self.network(SHOWN * STAGES * passes, 2 * LIGHT)

    @property
    def natural(self) -> Need:
        """Natural pictures of the run, all of them, seen by the network."""
        return self.network(2 * max(self.images("train"), self.images(), self.own_pictures), LIGHT)

    @property
    def sheets(self) -> Need:
        """Sheets and single files of the user's pictures or of optimised ones, by every method."""
        columns = max([1, *map(len, self.plan.albums.methods.values())])
        return self.files(max(self.own_pictures, 100) * columns)

    @property
    def compared(self) -> Need:
        """Images, maps and answers of finished experiments, of which any may be larger than this one."""
        return need(4 * LIGHT, 1800)

    @property
    def explorer(self) -> Need:
        """The explorer's document or page."""
        return self.files(100 * max(1, len(self.plan.methods)))

    @property
    def album(self) -> Need:
        """The maps of the user's own pictures by any method of theirs."""
        chosen = {method for own in self.plan.albums.methods.values() for method in own}
        return self.network(self.own_pictures * max([1, *map(self.passes, chosen)]), 2 * LIGHT)

    def score(self, kind: str, group: str) -> Need:
        """Predictions for the sets of one scoring job; for a clean one, probabilities of all classes."""
        sets, count = len(self.plan.scored[kind, group]), self.share(self.images())
        answers = count * (sets * 3 + self.held["classes"] * (kind == "clean"))
        return self.network(count * sets * 2, ROW * count + 2e-5 * answers)

    def evaluate(self, metric: str, methods: Sequence[str]) -> Need:
        """A metric of these methods for a shard of the images."""
        chosen = self.plan.metric(metric)
        own = metrics.defaults(chosen["metric"]) | chosen["parameters"]
        count = self.share(min(chosen["images"] or self.images(), self.images()))
        kind = about_metric(self.config, metric)["needs"]
        shares = len(own.get("shares") or ())
        again = STAGES + own.get("seeds", 0) + own.get("copies", 0)
        each = [
            {"regions": 0.0, "method": again * max(self.passes(m), 1)}.get(kind, 2 * self._perturbed(own))
            for m in methods
        ]
        filled = shares * IMPUTED * (self.size / 224) ** 2 * len(methods) / self.seconds
        measured = sum(self.plan.nulls(metric, method) > 0 for method in methods) / max(len(methods), 1)
        asked = self.share(min(self.config["evaluation"]["null_images"], self.images())) if measured else 0
        seen = count + measured * len(NULLS) * min(asked, count)
        return self.network(seen * (sum(each) + filled), ROW * count)

    def _perturbed(self, own: dict[str, Any]) -> float:
        """Passes that a metric makes for an image and a method."""
        regions = (self.size / own["region"]) ** 2 if own.get("region") and not own.get("steps") else 1
        return _counted(own) * max(len(own.get("shares") or ()), 1) * regions

    @property
    def metric_table(self) -> Need:
        """All metrics of all methods and models, with their curves."""
        sampled = self.config["evaluation"]["images"]
        count = self.images() if sampled in (None, "all") else min(sampled, self.images())
        files = len(self.plan.methods) * len(self.plan.metrics) * len(self.plan.runs)
        return self.table(files * count * 100)

    @property
    def optimise(self) -> Need:
        """Pictures made by optimisation: of classes, units and layers, each in so many steps."""
        features = self.config["features"]
        which = features["classes"]["which"]
        classes = self.held["classes"] if which == "all" else len(which)
        units = sum(_units(features[part]["layers"]) for part in ("filters", "activations"))
        own = features["images"]
        inverted = own * (
            10 if features["inversion"]["layers"] == "stages" else len(features["inversion"]["layers"])
        )
        dreamt = own * len(features["dream"]["targets"]) * features["dream"]["octaves"] * 10
        count = max(classes * features["classes"]["restarts"], units, inverted, dreamt, 1)
        return self.network(count * self.steps * BACKWARD, 2 * LIGHT)

    @cached_property
    def steps(self) -> int:
        """Steps of the longest recipe that is used, times the views of the picture in a step."""
        features = self.plan.features
        named = [
            *features.presets,
            *(features.config[part]["preset"] for part in ("filters", "inversion", "dream")),
        ]
        recipes = [features.recipe(name) for name in named]
        return max(recipe["steps"] * (recipe.get("views") or 1) for recipe in recipes)

    def detector(self, passes: float, training: bool = False) -> Need:
        """A job that runs the detector for so many pictures."""
        own = self.config["detection"]["detector"]["name"] in detectors
        seconds = (SMALL_DETECTOR if own else LARGE_DETECTOR) / (GPU_SPEED if self.on_gpu else 1)
        batch = (1000 if own else 6000) * (2 if training else 1)
        return need(TORCH + CUDA * self.on_gpu + batch, passes * seconds)

    @property
    def scenes(self) -> dict[str, int]:
        """Pictures for the detector: to train on, and to test."""
        told = self.config["detection"]
        if self.plan.detection.kind == "scenes":
            found = {"train": told["scenes"]["training"], "test": told["scenes"]["test"]}
        else:
            own = self.count(self.plan.detection.source) if self.plan.detection.source else 5_000
            found = {"train": own, "test": own}
        return found | {"test": min(found["test"], told["images"] or found["test"])}

    @property
    def detector_training(self) -> Need:
        """The training of the detector."""
        return self.detector(
            self.scenes["train"] * self.config["detection"]["training"]["epochs"] * STEP, training=True
        )

    @property
    def boxes(self) -> int:
        """Boxes that are explained."""
        told = self.config["detection"]["boxes"]
        return min(self.scenes["test"], told["pictures"] or self.scenes["test"]) * told["most"]

    def box_maps(self, method: str) -> Need:
        """The maps of all boxes by a method."""
        return self.detector(self.boxes * max(self.passes(method), 1))

    def box_scores(self, metric: str) -> Need:
        """A metric of the maps of all boxes."""
        chosen = self.plan.metric(metric)
        own = metrics.defaults(chosen["metric"]) | chosen["parameters"]
        nulls = len(NULLS) * min(self.config["detection"]["null_boxes"], self.boxes)
        return self.detector((self.boxes + nulls) * self._perturbed(own))


def _product(factors: int | Sequence[int | str], parameters: dict[str, Any]) -> int:
    """A number, or the product of numbers and of parameters that are named."""
    if isinstance(factors, int):
        return factors
    return math.prod(parameters[one] if isinstance(one, str) else one for one in factors)


def _counted(parameters: dict[str, Any]) -> int:
    """How often the network is run, as far as parameters say."""
    return math.prod(parameters[key] for key in COUNTS if isinstance(parameters.get(key), int))


def _units(layers: dict[str, Any]) -> int:
    """Units of layers, of which each has a list or a number of them."""
    return sum(own if isinstance(own, int) else len(own) for own in layers.values())
