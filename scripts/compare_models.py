"""Compare the maps of all pairs of models, image by image (rule compare_models)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.compare.similarity import Comparison
from thinkalike.compare.streams import compare_files
from thinkalike.stores.kernels import create_kernel
from thinkalike.stores.maps import read_image_ids
from thinkalike.workflow.jobs import run


def main(
    explanations: Sequence[str],
    similarity: str,
    models: Sequence[str],
    other_models: Sequence[str],
    number: int,
    method: str,
    metric: str,
    comparison: Mapping[str, Any],
    code: str,
    others: Sequence[str] = (),
    segments: str | None = None,
) -> None:
    """Compare `models` with each other, or with `other_models` if there are any."""
    settings = Comparison(metric, **comparison)
    images = read_image_ids(explanations[0], number)
    files = dict(zip(models, explanations, strict=True))
    other_files = dict(zip(other_models, others, strict=True))
    rows = compare_files(files, settings, images=images, others=other_files, segments=segments)
    attributes = {"method": method, **settings.stated(), "code": code}
    with create_kernel(similarity, images, models, other_models, attributes=attributes) as kernel:
        for part in rows:
            kernel.append(**part)


if __name__ == "__main__":
    run(main, snakemake)
