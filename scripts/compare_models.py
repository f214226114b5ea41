"""Compare the maps of all pairs of models, image by image (rule compare_models)."""

import numpy as np

from thinkalike.errors import InputError
from thinkalike.jobs import job_log, log
from thinkalike.maps import Maps, blank, rescaled, with_sign
from thinkalike.similarity import similarity, similarity_error
from thinkalike.stores import read_draws, read_maps, read_segments, write_arrays

BLOCK = 2**25
"""Coefficients of all models held at a time; bounds memory, changes nothing else."""


def main(
    explanations: list[str],
    segments: str | None,
    output: str,
    *,
    models: list[str],
    number: int,
    method: str,
    metric: str,
    sign: str,
    rescaling: str,
    sigma: float,
    blanks: str,
    code: str,
) -> None:
    shared = read_segments(segments) if segments else None
    first, image_ids = read_maps(explanations[0], shared, slice(0, number))
    step = max(BLOCK // (len(models) * max(b.height * b.width for b in first.bases[:1])), 1)
    values, errors, empty = [], [], []

    def prepare(maps: Maps) -> Maps:
        return rescaled(with_sign(maps, sign), rescaling)

    for start in range(0, len(image_ids), step):
        images = slice(start, min(start + step, number))
        maps: list[Maps] = []
        for path in explanations:
            stored, names = read_maps(path, shared, images)
            if names != image_ids[images]:
                raise InputError(
                    f"{path} is about other images than {explanations[0]}; delete it and run again"
                )
            maps.append(stored)
        prepared = [prepare(m) for m in maps]
        values.append(similarity(prepared, metric, sigma=sigma, blanks=blanks))
        draws = [read_draws(path, images) for path in explanations]
        errors.append(similarity_error(maps, draws, prepare, metric, sigma=sigma, blanks=blanks))
        empty.append(np.stack([blank(m) for m in prepared], 1))
    blank_maps = np.concatenate(empty)
    for model, count in zip(models, blank_maps.sum(0), strict=True):
        if count:
            log.warning(
                "%s: %d of %d maps are blank and %s",
                model,
                count,
                len(image_ids),
                "left out" if blanks == "exclude" else "count as similarity 0",
            )
    write_arrays(
        output,
        {
            "similarity": (("image", "model_a", "model_b"), np.concatenate(values)),
            "estimation_error": (("image", "model_a", "model_b"), np.concatenate(errors)),
            "blank": (("image", "model_a"), blank_maps.astype(np.uint8)),
        },
        coordinates={"image": image_ids, "model_a": models, "model_b": models},
        attributes={
            "method": method,
            "metric": metric,
            "sign": sign,
            "rescaling": rescaling,
            "sigma": sigma,
            "blanks": blanks,
            "code": code,
        },
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.explanations,
            snakemake.input.get("segments"),
            snakemake.output.similarity,
            models=snakemake.params.models,
            number=snakemake.params.number,
            method=snakemake.wildcards.method,
            metric=snakemake.wildcards.metric,
            sign=snakemake.params.sign,
            rescaling=snakemake.params.rescaling,
            sigma=snakemake.params.sigma,
            blanks=snakemake.params.blanks,
            code=snakemake.params.code,
        )
