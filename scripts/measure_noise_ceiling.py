"""How similar the maps of every model are to its own from other coalitions (rule
measure_noise_ceiling).
"""

import numpy as np
import pandas as pd

from thinkalike.compare.maps import Maps, rescaled, with_sign
from thinkalike.compare.similarity import similarity
from thinkalike.progress import log
from thinkalike.stores.damage import same_images
from thinkalike.stores.maps import read_maps, read_segments
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import job_log


def main(
    explanations: list[str],
    again: list[str],
    segments: str,
    ceiling: str,
    *,
    models: list[str],
    number: int,
    metric: str,
    sign: str,
    rescaling: str,
    sigma: float,
) -> None:
    def prepared(maps: Maps) -> Maps:
        return rescaled(with_sign(maps, sign), rescaling)

    shared = read_segments(segments)
    rows = []
    for model, path, other in zip(models, explanations, again, strict=True):
        second, names = read_maps(other, shared[:number])
        first, known = read_maps(path, shared, slice(0, number))
        same_images(other, names, path, known)
        # the same images: on the same objects no product of bases is computed
        pair = [prepared(first), prepared(Maps(second.coefficients, first.bases))]
        values = similarity(pair, metric, sigma=sigma)[:, 0, 1]
        values = values[np.isfinite(values)]
        enough = len(values) > 1
        rows.append(
            {
                "model": model,
                "metric": metric,
                "n": len(values),
                "ceiling": values.mean() if len(values) else np.nan,
                "standard_error": values.std(ddof=1) / len(values) ** 0.5 if enough else np.nan,
            }
        )
    table = pd.DataFrame(rows)
    log.info("similarity with itself, other coalitions:\n%s", table.to_string(index=False))
    write_table(table, ceiling)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.explanations,
            snakemake.input.again,
            snakemake.input.segments,
            snakemake.output.ceiling,
            models=snakemake.params.models,
            number=snakemake.params.number,
            metric=snakemake.wildcards.metric,
            sign=snakemake.params.sign,
            rescaling=snakemake.params.rescaling,
            sigma=snakemake.params.sigma,
        )
