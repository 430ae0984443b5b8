# What all rules share: the checked config, names of files, digests of code, resources.
import hashlib
import json
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

BASE = Path(workflow.basedir)
sys.path.insert(0, str(BASE / "workflow_scripts"))

from signsight.attribution.registry import methods as method_registry
from signsight.config import (
    complete,
    degree_groups,
    load_schema,
    method_parameters,
    training_settings,
    typed,
)
from signsight.digest import code_digest
from signsight.errors import UserError

update_config(config, typed(workflow.config_settings.config))
try:
    checked = complete(config, load_schema(BASE / "config/schema.yaml"))
except UserError as fault:
    raise WorkflowError(str(fault)) from None
config.clear()
config.update(checked)

R = f"{config['results']}/{config['experiment']}"
METHODS = config["attribution"]["methods"]
HAS_SIGNS = config["data"]["name"] in (
    "gtsrb",
    "signs",
)  # classes with shapes, mirror rules, stock signs
TEST = f"{R}/crop/test"
MODEL = [f"{R}/train/model.safetensors", f"{R}/train/model.json"]
CLASSES = f"{R}/crop/classes.csv"
# A job that uses torch takes the GPU; on the CPU many small ones beat one with many threads.
ON_CPU = config["device"] == "cpu"
GPU = 0 if ON_CPU else 1
TORCH_THREADS = 1 if ON_CPU else 8


wildcard_constraints:
    method="[a-z0-9_]+",
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


def listing(source):
    """Digest of the names and sizes of the user's files in a folder (or of a file), so that a change of them is seen."""
    top = Path(source or ".")
    files = [] if source is None else [top, *sorted(top.rglob("*"))]
    return key_of([[str(f), f.stat().st_size] for f in files if f.is_file()])


def method_code(method):
    """Digest of an attribution method and of what runs it."""
    return code_digest(
        "attribution/run.py", method_registry.file(method), *NETWORK_CODE
    )


def expected_checksum(wildcards):
    """The checksum that the config asks of an archive; None takes it unchecked."""
    asked = config["data"]["checksums"]
    if asked == "none":
        return None
    return (GTSRB_CHECKSUMS if asked == "official" else asked)[wildcards.archive]


def crop_sources(part):
    """The archives that a part of the data set is cropped from; none for a folder of pictures."""
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
