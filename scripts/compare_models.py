"""Compare the maps of all pairs of models, image by image (rule compare_models)."""

from contextlib import ExitStack

import numpy as np

from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps, blank, rescaled, with_sign
from thinkalike.compare.similarity import similarity, similarity_error
from thinkalike.progress import log
from thinkalike.stores.arrays import create_arrays, open_arrays, parts
from thinkalike.stores.damage import same_images
from thinkalike.stores.maps import read_draws, read_maps, read_segments
from thinkalike.workflow.jobs import job_log


def main(
    explanations: list[str],
    segments: str | None,
    output: str,
    *,
    models: list[str],
    others: list[str] | None = None,
    other_models: list[str] | None = None,
    number: int,
    method: str,
    metric: str,
    sign: str,
    rescaling: str,
    sigma: float,
    blanks: str,
    code: str,
) -> None:
    """`models` with each other, or with `other_models`."""
    with open_arrays(explanations[0], ["image"]) as dataset:
        image_ids = [str(name) for name in dataset["image"][:number].to_numpy()]
    empty = np.zeros(len(models), int)

    def prepare(maps: Maps) -> Maps:
        return rescaled(with_sign(maps, sign), rescaling)

    pair = ("image", "model_a", "model_b")
    variables = {"similarity": (pair, np.float64), "estimation_error": (pair, np.float64)}
    if others is None:
        variables["blank"] = (("image", "model_a"), np.uint8)
    with create_arrays(
        output,
        variables,
        sizes={},
        coordinates={
            "image": image_ids,
            "model_a": models,
            "model_b": models if other_models is None else other_models,
        },
        attributes={
            "method": method,
            "metric": metric,
            "sign": sign,
            "rescaling": rescaling,
            "sigma": sigma,
            "blanks": blanks,
            "code": code,
        },
    ) as file:
        paths = [*explanations, *(others or [])]
        for images in parts(len(image_ids), max(_numbers(paths), len(paths) ** 2)):
            shared = read_segments(segments, images) if segments else None
            asked = shared, images, image_ids[images]
            maps, draws = _read(explanations, *asked)
            prepared = [prepare(m) for m in maps]
            second, second_draws = (None, ()) if others is None else _read(others, *asked)
            settings = {"metric": metric, "sigma": sigma, "blanks": blanks}
            values = similarity(
                prepared, others=None if second is None else list(map(prepare, second)), **settings
            )
            errors = similarity_error(
                *(maps, draws, prepare),
                others=second,
                draws_of_others=second_draws,
                **settings,
            )
            rows = {"similarity": values, "estimation_error": errors}
            if others is None:
                rows["blank"] = np.stack([blank(m) for m in prepared], 1)
                empty += rows["blank"].sum(0)
            file.append(**rows)
    for model, count in zip(models, empty, strict=True):
        if count:
            log.warning(
                "%s: %d of %d maps are blank and %s",
                model,
                count,
                len(image_ids),
                "left out" if blanks == "exclude" else "count as similarity 0",
            )


def _read(
    paths: list[str], segments: list[Segments] | None, images: slice, image_ids: list[str]
) -> tuple[list[Maps], list[np.ndarray | None]]:
    """Maps of some images by several models, and their draws."""
    maps = []
    for path in paths:
        stored, names = read_maps(path, segments, images)
        same_images(path, names, paths[0], image_ids)
        maps.append(stored)
    return maps, [read_draws(path, images) for path in paths]


def _numbers(paths: list[str]) -> int:
    """Of the maps of one image, and of their draws."""
    with ExitStack() as stack:
        files = [stack.enter_context(open_arrays(path, ["coefficients"])) for path in paths]
        return sum(file.sizes["component"] * (1 + file.sizes.get("draw", 0)) for file in files)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.explanations,
            snakemake.input.get("segments"),
            snakemake.output.similarity,
            models=snakemake.params.models,
            others=snakemake.input.get("others") or None,
            other_models=snakemake.params.get("other_models") or None,
            number=snakemake.params.number,
            method=snakemake.wildcards.method,
            metric=snakemake.wildcards.metric,
            sign=snakemake.params.sign,
            rescaling=snakemake.params.rescaling,
            sigma=snakemake.params.sigma,
            blanks=snakemake.params.blanks,
            code=snakemake.params.code,
        )
