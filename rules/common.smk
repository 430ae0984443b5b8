# What all rules share: the checked config, names of files, digests of code, resources.
import hashlib
import json
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

BASE = Path(workflow.basedir)
sys.path.insert(0, str(BASE / "workflow_scripts"))

from signsight.core.registry import methods as method_registry
from signsight.config.check import (
    complete,
    degree_groups,
    load_schema,
    method_choice,
    method_labels,
    metric_choice,
    training_settings,
    truth_regions,
    typed,
)
from signsight.core.digest import code_digest
from signsight.core.errors import UserError
from signsight.core.registry import metrics as metric_registry
from signsight.figures.published import published_file

update_config(config, typed(workflow.config_settings.config))
try:
    checked = complete(config, load_schema(BASE / "config/schema.yaml"))
except UserError as fault:
    raise WorkflowError(str(fault)) from None
config.clear()
config.update(checked)

R = f"{config['results']}/{config['experiment']}"
METHODS = config["attribution"]["methods"]
SHEET_IMAGES = config["figures"]["sheet_images"]
SHARDS = config["evaluation"]["shards"]
HAS_SIGNS = config["data"]["name"] in (
    "gtsrb",
    "signs",
)  # classes with shapes, mirror rules, stock signs
HAS_DATA = config["data"]["name"] != "none"
METRICS = config["evaluation"]["metrics"] if HAS_DATA else []
TRAINED = config["model"]["train"]
TEST = f"{R}/crop/test"
MODEL = [f"{R}/train/model.safetensors", f"{R}/train/model.json"]
CLASSES = f"{R}/crop/classes.csv"
# Seed of the training -> prefix of the folders of its model; the first one's is empty.
RUNS = {
    seed: f"seeds/{seed}/" if number else ""
    for number, seed in enumerate(config["model"]["seeds"] or [config["seed"]])
}
# A job that uses torch takes the GPU; on the CPU many small ones beat one with many threads.
ON_CPU = config["device"] == "cpu"
GPU = 0 if ON_CPU else 1
TORCH_THREADS = 1 if ON_CPU else 8


wildcard_constraints:
    run="(seeds/[0-9]+/)?",
    method="[a-z0-9_]+",
    metric="[a-z0-9_]+",
    share=r"[0-9]+-of-[0-9]+" if SHARDS > 1 else "scores",
    cells="[0-9]+",
    degree="-?[0-9]+",
    transform="rotation|perspective_vertical|perspective_horizontal",
    part="train|test",
    target="test|stock|user_stock",
    kind="[a-z_]+",
    group="[^/]+",


def image_set(folder):
    """The files of the image set in a folder of the results."""
    return [f"{R}/{folder}/images.npy", f"{R}/{folder}/index.csv"]


def dataset(files):
    """Files of a perturbed image set: deleted after their last use unless the config keeps them."""
    return files if config["keep_datasets"] else temp(files)


def log_of(rule, wildcards=""):
    """The log file of a rule's job; `wildcards` as '{method}/{cells}'."""
    return f"{Path(R, 'logs', rule, wildcards)}.log"


def benchmark_of(rule, wildcards=""):
    """The benchmark file (time and memory) of a rule's job."""
    return f"{Path(R, 'benchmarks', rule, wildcards)}.tsv"


def key_of(*parts):
    """Eight hex digits that name what a cached file depends on."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]


def listing(source, key):
    """Digest of the names and sizes of the user's files in a folder (or of a file), so that a change of them is seen.

    A source that is not there, named by the config key, ends the run before any job.
    """
    top = Path(source or ".")
    if not top.exists():
        raise WorkflowError(
            f"Config key {key!r}: {source} does not exist; mend its path."
        )
    files = [] if source is None else [top, *sorted(top.rglob("*"))]
    return key_of([[str(f), f.stat().st_size] for f in files if f.is_file()])


def method_code(method):
    """Digest of an attribution method, or a variant of one, and of what runs it."""
    file = method_registry.file(method_choice(config, method)["method"])
    return code_digest("attribution/run.py", file, *NETWORK_CODE)


def is_signed(method):
    """Whether a map of this method, or variant of one, has negative values that count."""
    return method_registry.about(method_choice(config, method)["method"])["signed"]


def metric_code(metric, method):
    """Digest of a metric and, where it runs the method again, of the method."""
    file = metric_registry.file(metric)
    own = code_digest("evaluation/run.py", file, *NETWORK_CODE)
    again = metric_registry.about(metric)["needs"] == "method"
    return [own, method_code(method)] if again else own


def model_of(run):
    """The files of the model that a run trains."""
    return [f"{R}/{run}train/model.safetensors", f"{R}/{run}train/model.json"]


def training_seed(run):
    """Seed of the training of a run."""
    return next(seed for seed, prefix in RUNS.items() if prefix == run)


def shard_of(share):
    """Number of a share of the images, from 0, and how many there are."""
    return (0, 1) if share == "scores" else (int(share.split("-")[0]) - 1, SHARDS)


def metric_files(metric, run="", methods=METHODS):
    """Method -> file of a metric's answers."""
    return {m: f"{R}/{run}evaluate/{metric}/{m}/scores.npz" for m in methods}


def all_metric_files(run=""):
    """The files of every metric and method."""
    return [file for m in METRICS for file in metric_files(m, run).values()]


def regions_of(metric):
    """The file that says where the signs are, for metrics that need it."""
    if metric_registry.about(metric)["needs"] != "regions":
        return {}
    masks = truth_regions(config) == "masks"
    return {"regions": f"{TEST}/masks.npy" if masks else f"{R}/regions/regions.npy"}


def expected_checksum(wildcards):
    """The checksum that the config asks of an archive; None takes it unchecked."""
    asked = config["data"]["checksums"]
    if asked == "none":
        return None
    return (CHECKSUMS if asked == "official" else asked)[wildcards.archive]


def crop_sources(part):
    """The archives that a part of the data set is cropped from; none for a folder of pictures.

    Imagenette's classes get the numbers that they have in the model, so it takes the table of them.
    """
    if config["data"]["name"] == "imagenette":
        return {"images": f"{CACHE}/{IMAGENETTE}", "classes": CLASSES}
    if not HAS_SIGNS:
        return {}
    names = (
        {"images": TRAINING_IMAGES}
        if part == "train"
        else {"images": TEST_IMAGES, "truth": TEST_TRUTH}
    )
    if HAS_MASKS:
        names["masks"] = TRUTH_MASKS
    return {key: f"{CACHE}/{name}" for key, name in names.items()}


def sticker_base(target):
    """Folder, within the results, of the untouched set."""
    return "crop/test" if target == "test" else f"stock/{target}"


def scored_sets(wildcards):
    """Name -> folder of the sets of one scoring job."""
    return {n: f"{R}/{f}" for n, f in SCORED[wildcards.kind, wildcards.group].items()}


def scores(*kinds):
    """Files of scores of these kinds."""
    return [f"{R}/score/{kind}/{group}.npz" for kind, group in SCORED if kind in kinds]


def published(*names):
    """Published figures that a job compares with, name -> digest; only for the same data set."""
    if config["data"]["name"] != "gtsrb":
        return {}
    return {n: key_of(published_file(n).read_text(encoding="utf-8")) for n in names}


def figure(name, category, subcategory):
    """A figure as PNG, which the report shows, and as SVG."""
    labels = {"figure": name.replace("_", " "), "experiment": config["experiment"]}
    flags = {
        "caption": f"captions/{name}.rst",
        "category": category,
        "subcategory": subcategory,
        "labels": labels,
    }
    return [report(f"{R}/figures/{name}.png", **flags), f"{R}/figures/{name}.svg"]
