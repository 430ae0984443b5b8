# One data set for every degree of rotation and perspective.
from signsight.config import TRANSFORMS

# transform -> group of degrees that one job scores -> degrees
DEGREE_GROUPS = {
    transform: degree_groups(config, transform) for transform in TRANSFORMS
}
DEGREES = {
    t: [d for group in groups.values() for d in group]
    for t, groups in DEGREE_GROUPS.items()
}


rule warp:
    input:
        images=image_set("crop/test"),
    output:
        dataset(image_set("warp/{transform}/{degree}")),
    log:
        log_of("warp", "{transform}/{degree}"),
    benchmark:
        benchmark_of("warp", "{transform}/{degree}")
    conda:
        "../envs/data.yaml"
    params:
        code=code_digest("perturbation/geometry.py", "data/imageset.py"),
    script:
        "../workflow_scripts/warp.py"
