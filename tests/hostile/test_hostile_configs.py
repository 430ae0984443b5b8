"""Configs: values, numbers, paths and secrets, each told in one sentence before any job."""

from __future__ import annotations

from pathlib import Path

import pytest

from case import Case, fault_of, table
from config_cases import of, wrong
from rules_alone import Run

LONG = "x" * 300
TOKEN = "https://example.org/net-0123abcd.pth?token=secret"
PASSWORD = "https://me:secret@example.org/net-0123abcd.pth"


NAMES = [
    wrong("experiment", name, "a letter or digit first (Name of the experiment).")
    for name in ("", ".", "..", "a/b", "a b", "-x", "x\n", LONG, "~", "\u202eabc", "x\0", None, ["a"], 5)
]
NUMBERS = [
    wrong("seed", -1, "at least 0"),
    wrong("seed", 2**64, "at most 4294967295"),
    wrong("seed", 10**4000, "at most 4294967295"),
    wrong("seed", "0x10", "of type integer"),
    wrong("seed", 3.0, "of type integer"),
    wrong("seed", True, "of type integer"),
    wrong("seed", None, "of type integer"),
    wrong("model.seeds", [2**32], "at most 4294967295"),
    wrong("data.size", 10**6, "at most 1024"),
    wrong("data.size", "32\n", "of type integer"),
    wrong("data.images", 0, "at least 1"),
    wrong("data.images", 10**12, "at most 10000000"),
    wrong("data.balance", 10**7, "at most 1000000"),
    wrong("data.signs.test_per_class", 10**9, "at most 10000"),
    wrong("data.split.validation_fraction", 1.0, "at most 0.9"),
    wrong("training.epochs", 0, "at least 1"),
    wrong("training.epochs", 10**9, "at most 100000"),
    wrong("training.batch_size", 10**9, "at most 65536"),
    wrong("training.patience", 10**15, "at most 100000"),
    wrong("training.learning_rate", "1e-3", "write 1.0e-3, which YAML reads as a number"),
    wrong("training.learning_rate", float("inf"), "of type number or null"),
    wrong("training.learning_rate", float("nan"), "of type number or null"),
    wrong("training.learning_rate", 1e300, "at most 1000"),
    wrong("training.weight_decay", 1e30, "at most 1000"),
    wrong("training.augmentation.scale", [1, 1e9], "at most 10"),
    wrong("training.augmentation.p", 1.5, "at most 1"),
    wrong("attribution.parameters.rise.cells", 10**6, "at most 64"),
    wrong("attribution.parameters.rise.masks", 10**9, "at most 100000"),
    wrong("attribution.parameters.smooth_grad.spread", 1e300, "at most 10"),
    wrong("attribution.parameters.lrp_epsilon.epsilon", float("nan"), "of type number"),
    wrong("attribution.batch_size", 0, "none of the allowed forms"),
    wrong("attribution.target", 10**21, "none of the allowed forms"),
    wrong("attribution.target", -1, "none of the allowed forms"),
    wrong("masking.grid", 0, "at least 1"),
    wrong("masking.max_cells", 10**5, "at most 4096"),
    wrong("masking.colour", [2, 0, 0], "at most 1"),
    wrong("evaluation.confidence", 95, "below 1"),
    wrong("evaluation.images", 0, "none of the allowed forms"),
    wrong("evaluation.images", 10**9, "none of the allowed forms"),
    wrong("evaluation.parameters.region_perturbation.repetitions", 10**9, "at most 1000"),
    wrong("geometry.rotation", [91], "write a whole number from -90 to 90, 'low..high' or 'low..high/step'"),
    wrong("geometry.rotation", [1.5], "write a whole number from -90 to 90"),
    wrong("geometry.rotation", ["abc"], "write a whole number from -90 to 90"),
    wrong("geometry.rotation", ["1..1e9"], "write a whole number from -90 to 90"),
    wrong("geometry.rotation", ["1..3\n"], "write a whole number from -90 to 90"),
    wrong("geometry.rotation", ["0..99999999999999999999"], "write a whole number from -90 to 90"),
    wrong("geometry.rotation", [5, 5], "an entry occurs twice"),
    wrong("geometry.rotation", "5", "of type array"),
    of("a range downwards", "'geometry.rotation' has the entry '5..1'", geometry={"rotation": ["5..1"]}),
    of(
        "a range in no steps", "'geometry.rotation' has the entry '0..9/0'", geometry={"rotation": ["0..9/0"]}
    ),
    wrong("gallery.smoothing", [10**9], "at most 10000"),
    wrong("gallery.spreads", [1e300], "at most 10"),
    wrong("stickers.designs.a", {"width": 1, "height": 1e9}, "at most 10000"),
    wrong("stickers.designs.a", {"width": float("nan"), "height": 1}, "of type number"),
    wrong("features.recipes.a", {"preset": "fourier", "rate": 1e300}, "at most 1000000"),
    wrong("features.recipes.a", {"preset": "fourier", "steps": 10**6}, "at most 100000"),
    wrong("detection.training.learning_rate", 1e300, "at most 1000"),
    wrong("detection.scenes.test", 10**9, "at most 99999"),
]
FORMS = [
    wrong("device", "cpu\n", "write auto, cpu, mps, cuda or cuda:<number>"),
    wrong("device", "CUDA", "write auto, cpu, mps, cuda or cuda:<number>"),
    wrong("stages", "masking", "of type array or null"),
    wrong("stages", ["masking", "masking"], "an entry occurs twice"),
    wrong("stages", ["mask"], "did you mean 'masking'?"),
    wrong("data", [], "of type object"),
    wrong("data.mirror", "yes", "of type boolean"),
    wrong("data.checksums", {"x.zip": "md5:" + "0" * 64}, "none of the allowed forms"),
    wrong("model.name", ["compact"], "of type string"),
    wrong("model.channels", 4, "Allowed: 1, 3."),
    wrong("model.parameters", [1], "of type object"),
    wrong("attribution.methods", "saliency", "of type array"),
    wrong("attribution.methods", [], "at least one entry"),
    wrong("attribution.methods", [None], "of type string"),
    wrong("attribution.variants", {"x" * 61: {"method": "saliency"}}, "at most 60 small letters"),
    wrong("attribution.variants", {"a\n": {"method": "saliency"}}, "at most 60 small letters"),
    wrong("stickers.designs", {}, "at least one entry"),
    wrong("stickers.designs", {"a/b": {"width": 1, "height": 1}}, "at most 60 letters, digits and '-'"),
    wrong("explorer.with", ["../x"], "the name of an experiment"),
    wrong("plugins", [5], "give a list of Python files"),
    Case("a key that is a number", lambda folder: Run({3: 4}), "Unknown config key 3; "),  # type: ignore[dict-item]
    of("a long unknown key", "Unknown config key 'xxxx...; Allowed: against_pub", **{"x" * 100000: 1}),
    of("a set's own group", "Unknown config key 'gtsrb' in 'data'", data={"gtsrb": {}}),
]
PATHS = [
    wrong("results", "", "it must not be empty"),
    of("a blank path", "Config key 'results' is blank; give a path.", results=" "),
    of(
        "a newline in a path",
        "'results' is 'a\\nb', which has characters that cannot be printed",
        results="a\nb",
    ),
    of("a zero in a path", "'cache' is 'a\\x00b', which has characters that cannot", cache="a\0b"),
    of("a path that is no UTF-8", "'gallery.source' is 'a\\udcff', which has", gallery={"source": "a\udcff"}),
    of("braces in a path", "'data.source' is 'a{b}'; Snakemake reads braces", data={"source": "a{b}"}),
    of("a home that is not known", "'results' is '~nobodyatall/x', but that home", results="~nobodyatall/x"),
    of("a long name", "'gallery.source' has a name of 300 characters", gallery={"source": LONG}),
    of("results in a file", "Config key 'results': afile is not a folder", results="afile"),
    of("results below a file", "Config key 'results': afile is not a folder", results="afile/sub"),
    of("cache below a file", "Config key 'cache': afile is not a folder", cache="afile/sub"),
    of("results on S3", "Config key 'results' is a s3: address, which is not read here", results="s3://x/y"),
    of(
        "the user's pictures in the results",
        "Config key 'gallery.source' is 'own', which lies in own, where this run writes its results",
        results=".",
        experiment="own",
        gallery={"source": "own"},
    ),
    of(
        "the results in the user's pictures",
        "Config key 'results': results/x lies in ., of which 'gallery.source' reads the pictures",
        results="results",
        gallery={"source": "."},
    ),
    of(
        "the results in the data set",
        "Config key 'results': own/cat/x lies in own, of which 'data.source' reads the pictures",
        results="own/cat",
        data={"name": "folder", "source": "own"},
    ),
    of(
        "pictures that are not there",
        "'gallery.source': nowhere does not exist",
        gallery={"source": "nowhere"},
    ),
    of(
        "a file of masks",
        "'data.masks': afile is not a folder",
        data={"name": "folder", "source": "own", "masks": "afile"},
    ),
    of("a file of stock pictures", "'stickers.stock': afile is not a folder", stickers={"stock": "afile"}),
    of(
        "a source that is a file",
        "'data.source': afile is not a folder",
        data={"name": "folder", "source": "afile"},
    ),
    of(
        "a source of no set",
        "'data.source' is 'own', but data.name 'signs' takes no source",
        data={"source": "own"},
    ),
    of(
        "an FTP server",
        "'data.source' is a ftp: address",
        data={"name": "gtsrb", "source": "ftp://example.org"},
    ),
    of(
        "an address without a server",
        "'data.source' is an address without a server",
        data={"name": "gtsrb", "source": "https://"},
    ),
    of(
        "a folder of a file URL",
        "'data.source': /nowhere does not exist",
        data={"name": "gtsrb", "source": "file:///nowhere"},
    ),
    of(
        "an address for a folder",
        "'data.source' is a https: address",
        data={"name": "folder", "source": "https://example.org/x"},
    ),
]
SECRETS = [
    of(
        "a password for archives",
        "'data.source' is an address of example.org with a user name or password",
        data={"name": "gtsrb", "source": PASSWORD},
    ),
    of(
        "a token for archives",
        "'data.source' is an address of example.org with a query",
        data={"name": "gtsrb", "source": TOKEN},
    ),
    of(
        "a password for weights",
        "'model.weights' is an address of example.org with a user name or password",
        model={"name": "alexnet", "weights": PASSWORD},
    ),
    of(
        "a token for weights",
        "'model.weights' is an address of example.org with a query",
        model={"name": "alexnet", "weights": TOKEN},
    ),
    of(
        "a password for a detector",
        "'detection.detector.weights' is an address of example.org with a user",
        detection={"pictures": "scenes", "detector": {"train": False, "weights": PASSWORD}},
    ),
    of(
        "a password for FTP",
        "'model.weights' is a ftp: address",
        model={"name": "alexnet", "weights": PASSWORD.replace("https", "ftp")},
    ),
    of("a password for a gallery", "'gallery.source' is a https: address", gallery={"source": PASSWORD}),
    of(
        "a password for a folder",
        "'data.source' is a https: address",
        data={"name": "folder", "source": PASSWORD},
    ),
]


@table([*NAMES, *NUMBERS, *FORMS, *PATHS, *SECRETS])
def test_a_config_is_refused_before_any_job(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""


@pytest.mark.parametrize("case", SECRETS, ids=[case.name for case in SECRETS])
def test_what_is_secret_is_nowhere(case: Case, tmp_path: Path) -> None:
    assert fault_of(case, tmp_path) == ""
    told = [file.read_text() for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".png"]
    assert not any("secret" in text for text in told)
