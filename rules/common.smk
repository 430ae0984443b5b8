# What all rules share: the checked config, the plan made of it, digests of code and of the user's files.
import os
import sys
from functools import cache
from pathlib import Path

from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.utils import update_config

BASE = Path(workflow.current_basedir).parent
OWN = str(BASE / "workflow_scripts")
sys.path.insert(0, OWN)

from signsight.config.rules import check_files, complete
from signsight.config.schema import load_schema, typed
from signsight.config.text import check_config_file
from signsight.core.console import Console, Idle
from signsight.core.digest import job_digest
from signsight.core.disk import refuse_unwritable
from signsight.core.errors import UserError
from signsight.core.registry import methods, use_plugins
from signsight.core.source import found_first
from signsight.data.listing import listing
from signsight.config.choices import MASKING
from signsight.plan.asked import asked_of_network
from signsight.plan.inputs import key_of
from signsight.plan.plan import Plan, flat
from signsight.plan.resources import Needs
from signsight.plugins import find_plugins

# Jobs would take a package of the same name in PYTHONPATH for this one.
found_first(OWN)
# Threads of a job that wait for each other sleep: with other work on the machine, spinning costs many times the CPU
# seconds of the work itself (measured: 57 s against 9 s for an epoch of the demo). Read by OpenMP when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
CONSOLE = Console(logger)
# As a `module:`, its config is given, and the console and what `--config` says are the importing workflow's.
IMPORTED = not workflow.modifier.is_main_snakefile()
OWN_CONFIG = [] if workflow.overwrite_configfiles else ["config/config.yaml"]
if not IMPORTED:
    CONSOLE.attach(workflow.logger_manager.get_log_handlers())
    logger.addFilter(Idle(NOTHING_TO_BE_DONE_MSG, lambda: tell_provenance()))
    try:
        for file in filter(os.path.exists, [*OWN_CONFIG, *workflow.configfiles]):
            check_config_file(file)
    except UserError as fault:
        raise WorkflowError(str(fault)) from None


if OWN_CONFIG and not IMPORTED:

    configfile: OWN_CONFIG[0]


if not IMPORTED:
    update_config(config, typed(workflow.config_settings.config))
try:
    config["plugins"] = find_plugins(config, workflow.configfiles)
    use_plugins(config["plugins"])
    checked = complete(config, load_schema(BASE / "config/schema.yaml"))
    check_files(checked)
except UserError as fault:
    raise WorkflowError(str(fault)) from None
config.clear()
config.update(checked)

PLAN = Plan(config)
FIGURES = PLAN.drawn_figures
R = PLAN.root
if any(
    workflow.modifier.path_modifier.replace_prefix(place, None) != place
    for place in (f"{R}/", f"{config['cache']}/")
):
    raise WorkflowError(
        "The module statement gives Signsight's files a prefix, which its params do not follow; "
        "set the keys 'results' and 'cache' in the module's config instead."
    )
# A job that uses torch takes the GPU; on the CPU many small ones beat one with many threads.
ON_CPU = config["device"] == "cpu"
GPU = 0 if ON_CPU else 1
TORCH_THREADS = 1 if ON_CPU else 8


wildcard_constraints:
    run="(seeds/[0-9]+/)?",
    method="[a-z0-9_]+",
    metric="[a-z0-9_]+",
    album="[a-z]+",
    cells="[0-9]+",
    degree="-?[0-9]+",
    transform="rotation|perspective_vertical|perspective_horizontal",
    part="train|test",
    target="test|stock|user_stock",
    kind="[a-z_]+",
    group="[^/.]+",
    shard=f"[0-9]+-of-{PLAN.shards}",
    network="trained|random",
    recipe="[a-z0-9_]+",


def dataset(files):
    """Files of a perturbed image set: deleted after their last use unless the config keeps them."""
    return files if config["keep_datasets"] else temp(files)


def of_shard(files):
    """Files of a job of which there is one for each shard; deleted when they have been put together."""
    return files if PLAN.shards == 1 else temp(files)


def users(files, weights):
    """Files of weights; one that the user has stays on the disk where Snakemake keeps the run's files in a storage."""
    return [local(file) for file in files] if weights.kind == "file" else files


@cache
def listed(source):
    """The user's files in a folder, a table or one file, with their sizes and times."""
    try:
        return listing(source, PLAN.read if source == PLAN.folder else ())
    except UserError as fault:
        raise WorkflowError(str(fault)) from None


def given(source):
    """Digest of the user's files in a folder, a table or one file, so that a change of them is seen."""
    return None if source is None else key_of(listed(source))


NEEDS = Needs(PLAN, lambda source: 0 if source is None else len(listed(source)))


def once(function):
    """A function of wildcards that is called once for all jobs that differ in seed or shard alone."""
    known = {}

    def found(wildcards):
        key = tuple(v for k, v in wildcards.items() if k not in ("run", "shard"))
        if key not in known:
            known[key] = function(wildcards)
        return known[key]

    return found


def asks(need):
    """Memory in MB and minutes of a rule's jobs: a need, or what gives it for wildcards. A retry asks for more."""
    own = once(need if callable(need) else lambda wildcards: need)

    def of(key):
        return lambda wildcards, attempt: getattr(own(wildcards), key) * attempt

    return {"mem_mb": of("mem_mb"), "runtime": of("minutes")}


def refuse_unwritable_results():
    """Say before the first job that results cannot be written; dry runs and reports need not write."""
    try:
        refuse_unwritable(Path(R), "results")
    except UserError as fault:
        raise WorkflowError(str(fault)) from None


def tell_provenance():
    """Write what the results were made from and by, and the config that makes them again."""
    if workflow.dryrun:
        return
    # not at the top: it takes time that dry runs need not spend
    from signsight.provenance.record import record

    deployed = bool(workflow.deployment_settings.deployment_method)
    try:
        record(PLAN, BASE, seconds=CONSOLE.seconds, conda=deployed)
    except UserError as fault:
        logger.error(str(fault))


def add_digests():
    """Give every rule with a script the param `code`, the digest of all code that its job can reach."""
    for one in workflow.modifier.rules:
        if one.script:
            script = BASE / "rules" / one.script
            one.set_params(code=code_of(script, dict(one.params.items())))


def code_of(script, params):
    """The param `code` of a rule; the things that its params name can depend on wildcards."""
    return once(
        lambda wildcards: job_digest(
            script, {k: v(wildcards) if callable(v) else v for k, v in params.items()}
        )
    )


def archive_state(archive):
    """Digest of a local archive's size and time, so that a change of it is seen; None for a download."""
    folder = PLAN.local_source
    return None if folder is None else given(folder / archive)


def table_digests(files):
    """Digests of published tables that a job compares with; they lie in config/published."""
    folder = BASE / "config/published"
    return [
        key_of((folder / file).read_text(encoding="utf-8")) for file in files.values()
    ]


def sheets(folder, caption, subcategory):
    """A folder of sheets of pictures of the stage `features`, PNG alone: as SVG they would be large."""
    return report(
        directory(folder),
        patterns=["{page}.png"],
        caption=f"captions/{caption}.rst",
        category="Features",
        subcategory=subcategory,
        labels={"figure": "{page}", "experiment": config["experiment"]},
    )


def figure(name, category=None, subcategory=None):
    """A figure as PNG, which the report shows, and as SVG; or the folder of its pages."""
    flags = {
        "caption": FIGURES.caption(name),
        "category": category or FIGURES.about(name)["category"],
        "subcategory": subcategory or FIGURES.about(name)["subcategory"],
        "labels": {
            "figure": name.replace("_", " "),
            "experiment": config["experiment"],
        },
    }
    files = FIGURES.files(name)
    if FIGURES.is_paged(name):
        flags["labels"]["figure"] += ", {page}"
        return report(directory(files[0]), patterns=["{page}.png"], **flags)
    return [report(files[0], **flags), files[1]]
