"""Rule download: bring one archive to the cache and check it."""

from pathlib import Path

from signsight.core.job import job
from signsight.data.download import fetch

with job(snakemake):
    target = Path(snakemake.output[0])
    fetch(
        snakemake.params.source,
        target.name,
        target,
        checksum=snakemake.params.checksum,
        retries=snakemake.config["data"]["retries"],
    )
