"""Configs whose keys contradict each other, or ask for what is not there: each ends in its sentence."""

from __future__ import annotations

from pathlib import Path

from case import Case, fault_of, table
from config_cases import AS_IT_IS, of, wrong

CONTRADICTIONS = [
    of(
        "a training from its own network",
        "'model.weights' is 'made/x/train', which lies in made/x",
        model={"train": False, "weights": "made/x/train"},
    ),
    of(
        "half a trained model",
        "'model.weights' is 'half', which has no model.safetensors",
        model={"train": False, "weights": "half"},
    ),
    of(
        "a folder to train on from",
        "'model.weights' is 'half', the folder of a trained model, which is used as",
        model={"weights": "half"},
    ),
    of(
        "weights that are not there",
        "'model.weights' is 'nowhere.pth', which does not exist",
        model={"weights": "nowhere.pth"},
    ),
    of(
        "an unknown name of weights",
        "'alexnet' does not have; did you mean 'IMAGENET1K_V1'?",
        model={"name": "alexnet", "weights": "IMAGENET"},
    ),
    of(
        "weights without a checksum",
        "does not end in the first digits of its sha256",
        model={"name": "alexnet", "weights": "https://example.org/net.pth"},
    ),
    of(
        "two classes of one name",
        "'model.classes' gives classes 0 and 1 the name 'a'; rename one.",
        model=AS_IT_IS | {"classes": ["a", "a"]},
    ),
    wrong("model.classes", [1, 2], "none of the allowed forms"),
    of(
        "classes in a folder",
        "'model.classes' names own, which cannot be read (Is a directory)",
        model=AS_IT_IS | {"classes": "own"},
    ),
    of(
        "a blank class",
        "'model.classes' has ' ' for class 1; give it a name",
        model=AS_IT_IS | {"classes": ["a", " "]},
    ),
    of(
        "a class of two lines",
        "'model.classes' has 'b\\nc' for class 1",
        model=AS_IT_IS | {"classes": ["a", "b\nc"]},
    ),
    of(
        "a class beyond the data set's",
        "'attribution.target' names class 43, but data.name 'signs' has 43 classes",
        attribution={"target": 43},
    ),
    of(
        "against a class beyond the data set's",
        "'evaluation.target' names class 99, but data.name 'signs' has",
        evaluation={"target": {"class": 3, "against": 99}},
    ),
    of(
        "a picture of a class beyond",
        "'features.classes.which' names class 99, but",
        features={"classes": {"which": [3, 99]}},
    ),
    of(
        "a class beyond the network's",
        "'attribution.target' names class 2, but 'model.classes' has 2 classes",
        model=AS_IT_IS | {"classes": ["a", "b"]},
        attribution={"target": 2},
    ),
    of(
        "scales in the wrong order",
        "'training.augmentation.scale' is [2, 1]; write the smaller one first.",
        training={"augmentation": {"scale": [2, 1]}},
    ),
    of(
        "Nesterov without momentum",
        "'training.nesterov' is true...'training.momentum' is 0",
        training={"momentum": 0},
    ),
    of(
        "momentum of AdamW",
        "'training.momentum' is 0.5, which has no effect: 'training.optimizer' is 'adamw'",
        training={"optimizer": "adamw", "momentum": 0.5},
    ),
    of(
        "steps of a constant rate",
        "'training.step_every' is 4, which has no effect: 'training.schedule' is",
        training={"schedule": "constant", "step_every": 4},
    ),
    of(
        "a spread of no rotation",
        "'data.rotate.sd' is 20, which has no effect",
        data={"rotate": {"when": "never", "sd": 20}},
    ),
    of(
        "a threshold of no masks",
        "'data.mask_threshold' is 5, which has no effect",
        data={"mask_threshold": 5},
    ),
    of(
        "checksums of no download",
        "'data.checksums' is 'none', which has no effect: data.name 'signs' downloads",
        data={"checksums": "none"},
    ),
    of(
        "a region of folders",
        "'data.crop_to_roi' is False, which has no effect",
        data={"name": "folder", "source": "own", "crop_to_roi": False},
    ),
    of(
        "a background of no field",
        "'data.field.background' is 'noise', which has no effect: 'data.field.scale' is [1, 1]",
        data={"field": {"background": "noise"}},
    ),
    of(
        "a field that ends before it begins",
        "'data.field.scale' is [2, 1.5], whose first number is above the second; swap them",
        data={"field": {"scale": [2, 1.5]}},
    ),
    wrong("data.field.scale", [0.5, 2], "at least 1"),
    wrong("data.field.scale", [1, float("nan")], "must be of type number"),
    wrong("data.field.scale", [1, 2, 3], "at most 2"),
    of(
        "singles of no gallery",
        "'gallery.singles' is False, which has no effect: 'gallery.source' is null",
        gallery={"singles": False},
    ),
    of(
        "an overlay of no gallery",
        "'gallery.overlay.size' is 64, which has no effect",
        gallery={"overlay": {"size": 64}},
    ),
    of(
        "a method of no photographs",
        "'real_examples.methods' is ['saliency'], which has no effect",
        real_examples={"methods": ["saliency"]},
    ),
    of("sheets of no detection", "'detection.sheets' is 3, which has no effect", detection={"sheets": 3}),
    of(
        "restarts of no class",
        "'features.classes.restarts' is 9, which has no effect",
        features={"classes": {"restarts": 9}},
    ),
    of(
        "scenes that are not drawn",
        "'detection.scenes.most' is 3, which has no effect",
        detection={
            "pictures": "own",
            "detector": {"train": False, "weights": "net.pth"},
            "scenes": {"most": 3},
        },
    ),
    of(
        "one experiment compared", "'compare' has 1 folders; name 2 to 6 finished experiments.", compare=["a"]
    ),
    of("the same folder twice", "'compare' has two folders with the name 'own'", compare=["own", "./own"]),
    of("compared with nothing", "'compare': nowhere does not exist", compare=["nowhere", "elsewhere"]),
    of(
        "beside published numbers, not run",
        "'against_published': nowhere does not exist",
        against_published=["nowhere"],
    ),
    of(
        "eleven variants of a study",
        "'against_published' has 11 folders; name 1 to 10 finished experiments.",
        against_published=[f"results/{i}" for i in range(11)],
    ),
    of(
        "another run that is not there",
        "'explorer.with' names 'nowhere', but",
        explorer={"with": ["nowhere"]},
    ),
    of(
        "metrics without chance",
        "'attribution.methods' lacks 'random'",
        attribution={"methods": ["saliency"]},
        evaluation={"metrics": ["deletion"]},
    ),
    of("masks of drawn signs", "'data.masks' is for your own pictures", data={"masks": "own"}),
    of(
        "training on nothing",
        "'model.train' is true, but data.name 'none' has nothing to train on",
        data={"name": "none"},
    ),
    of(
        "a detector of two equal classes",
        "'detection.classes' names 'a' twice",
        detection={"pictures": "scenes", "classes": ["a", "a"]},
    ),
]


@table(CONTRADICTIONS)
def test_contradictions(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
