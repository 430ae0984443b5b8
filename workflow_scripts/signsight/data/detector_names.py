"""Class names of detectors: COCO's as torchvision numbers them, PASCAL VOC's, and how they correspond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

UNUSED = "N/A"  # torchvision's name of a number that COCO gave to no category
# Categories of COCO 2017 by label: those of `weights.meta["categories"]` of torchvision's detectors.
COCO_CATEGORIES: tuple[str, ...] = (
    "__background__", "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
    "traffic light", "fire hydrant", UNUSED, "stop sign", "parking meter", "bench", "bird", "cat", "dog",
    "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", UNUSED, "backpack", "umbrella", UNUSED,
    UNUSED, "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle", UNUSED,
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange",
    "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed",
    UNUSED, "dining table", UNUSED, UNUSED, "toilet", UNUSED, "tv", "laptop", "mouse", "remote", "keyboard",
    "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", UNUSED, "book", "clock", "vase",
    "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
# The 20 classes of PASCAL VOC 2007 to 2012, in the order of its development kit.
VOC_NAMES: tuple[str, ...] = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
# COCO's name -> VOC's name, where they differ.
VOC_OF_COCO: Mapping[str, str] = {
    "airplane": "aeroplane",
    "motorcycle": "motorbike",
    "couch": "sofa",
    "potted plant": "pottedplant",
    "dining table": "diningtable",
    "tv": "tvmonitor",
}


def matching_classes(detector: Sequence[str], wanted: Sequence[str]) -> dict[int, int]:
    """Place in `detector` -> place in `wanted` of every class that both have.

    detector: names by the labels that a detector gives; wanted: the class names of a scene set. Two
    names match when they are equal, or when one is COCO's and the other VOC's for the same thing.
    """
    places = {name: place for place, name in enumerate(wanted)}
    coco_of_voc = {voc: coco for coco, voc in VOC_OF_COCO.items()}
    found = {}
    for label, name in enumerate(detector):
        if name == UNUSED:
            continue
        candidates = (name, VOC_OF_COCO.get(name), coco_of_voc.get(name))
        place = next((places[one] for one in candidates if one in places), None)
        if place is not None:
            found[label] = place
    return found
