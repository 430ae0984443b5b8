"""Maps of all boxes of a picture against forward passes of the detector: ratios, and memory over pictures.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_detection.py [part] [size]

Parts: `boxes`, Grad-CAM at layer4 and ODAM of 5 and 20 boxes; `rise`, D-RISE; `memory`; all of them unless
one is named. size: of the shorter side of what the detector sees, 400 and 800 unless one is given. The
detector is torchvision's `fasterrcnn_resnet50_fpn` with random weights; its boxes are drawn, their sides
log-uniform from 32 to 600 pixels of 800, so that all levels of the pyramid have some.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Callable

import torch
from bench_score import interleaved

from signsight.attribution.run import frozen
from signsight.attribution.task import Task
from signsight.core.job import keep_freed_memory
from signsight.core.registry import methods
from signsight.core.rng import generator
from signsight.detection.build import build
from signsight.detection.detector import Detector
from signsight.detection.target import Boxes

NAME, CLASSES, SIZES = "fasterrcnn_resnet50_fpn", 91, (400, 800)
COUNTS, MASKS, BATCH = (5, 20), 6, 2
PASSES, EACH, RISE = 2.5, 0.15, 1.1  # the bounds
PICTURES = 3  # of the memory's run, and ten times as many


def detector_of(size: int) -> Detector:
    """The detector for pictures whose shorter side becomes `size`."""
    torch.manual_seed(0)
    parameters = {"min_size": size, "max_size": 2 * size}
    network = build(NAME, CLASSES, parameters)
    names = [str(number) for number in range(CLASSES)]
    return Detector(network, architecture=NAME, parameters=parameters, classes=names).eval()


def picture(size: int, number: int = 0) -> torch.Tensor:
    """(1, 3, size, 4/3 size) noise in [0, 1]."""
    draws = generator(0, "picture", number).random((1, size, size * 4 // 3, 3), dtype="float32")
    return torch.from_numpy(draws).permute(0, 3, 1, 2)


def boxes(count: int, size: int) -> Boxes:
    """Boxes of a picture, at places of their own."""
    draw = generator(1, "boxes")
    sides = torch.tensor(size / 800 * 32 * (600 / 32) ** draw.random((count, 1))).float()
    corners = torch.from_numpy(draw.random((count, 2))).float() * torch.tensor([size * 4 / 3, size])
    low = torch.minimum(corners, torch.tensor([size * 4 / 3, size]) - sides)
    places = torch.cat([low, low + sides], 1)
    labels = torch.arange(count) % (CLASSES - 1) + 1
    return Boxes(labels, places, places, torch.full((count, CLASSES), 1 / CLASSES))


def levels(found: Boxes) -> str:
    """How many of the boxes each level of the pyramid has."""
    sides = (found.places[:, 2] - found.places[:, 0]).tolist()
    counts = Counter(sum(side >= limit for limit in (112, 224, 448)) for side in sides)
    return ", ".join(f"{counts[level]} on P{level + 2}" for level in range(4))


def passes(detector: Detector, images: torch.Tensor, count: int = 1) -> Callable[[], None]:
    """A job of nothing but torchvision's own passes of these images."""

    def run() -> None:
        with torch.inference_mode():
            for _ in range(count):
                detector.network(list(images))

    return run


def mapped(
    detector: Detector, method: str, images: torch.Tensor, found: Boxes, **parameters: int
) -> Callable[[], None]:
    """A job that makes the maps of the boxes, with the method's own layer."""
    layer = "backbone.body.layer4" if method == "grad_cam" else None
    task, ids = Task(detector, layer, 0, BATCH), [str(number) for number in range(len(found))]

    def run() -> None:
        with frozen(detector):
            methods.get(method)(task, images, found, ids, **parameters)

    return run


def of_boxes(size: int, rounds: int = 3) -> None:
    """Grad-CAM and ODAM of all boxes by the forward pass of their picture."""
    detector, images = detector_of(size), picture(size)
    for count in COUNTS:
        found = boxes(count, size)
        jobs = [mapped(detector, method, images, found) for method in ("grad_cam", "odam")]
        bare, *ours = interleaved(passes(detector, images), *jobs, rounds=rounds)
        bound = PASSES + EACH * count
        print(f"{size} px, {count} boxes ({levels(found)}), a pass of {bare:.2f} s:", flush=True)
        for method, took in zip(("grad_cam", "odam"), ours, strict=True):
            print(f"  {method} {took / bare:.2f} passes (bound {bound:.2f})", flush=True)


def of_rise(size: int, rounds: int = 3) -> None:
    """D-RISE of 5 boxes by the passes that its masks need."""
    detector, images = detector_of(size), picture(size)
    job = mapped(detector, "d_rise", images, boxes(COUNTS[0], size), masks=MASKS)
    batch = images.repeat(BATCH, 1, 1, 1)
    ours, bare = interleaved(job, passes(detector, batch, MASKS // BATCH), rounds=rounds)
    print(f"{size} px: D-RISE {ours / bare:.3f} x the passes of its masks (bound {RISE})", flush=True)


def peak(size: int, count: int) -> None:
    """Print the peak memory in MiB of this process, which makes maps in so many pictures."""
    detector, found = detector_of(size), boxes(COUNTS[0], size)
    for number in range(count):
        for method in ("grad_cam", "odam"):
            mapped(detector, method, picture(size, number), found)()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)


def memory(size: int) -> None:
    """Peak memory for some pictures, and for ten times as many."""
    few, many = (
        int(subprocess.check_output([sys.executable, __file__, "peak", str(size), str(count)], text=True))
        for count in (PICTURES, 10 * PICTURES)
    )
    print(f"{size} px: {few} MiB for {PICTURES} pictures, {many} MiB for {10 * PICTURES}", flush=True)


def main(part: str = "all", size: str = "", count: str = "0") -> None:
    keep_freed_memory()
    if part == "peak":
        peak(int(size), int(count))
        return
    parts = {"boxes": of_boxes, "rise": of_rise, "memory": memory}
    for job in parts.values() if part == "all" else [parts[part]]:
        for one in [int(size)] if size else SIZES:
            job(one)


if __name__ == "__main__":
    main(*sys.argv[1:])
