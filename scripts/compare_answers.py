"""Compare the answers of all pairs of models to the same coalitions, image by image (rule
compare_answers).
"""

from collections.abc import Sequence

from thinkalike.compare.answer_streams import compare_answers
from thinkalike.stores.kernels import create_kernel
from thinkalike.stores.maps import read_image_ids
from thinkalike.workflow.jobs import run


def main(
    explanations: Sequence[str],
    similarity: str,
    models: Sequence[str],
    other_models: Sequence[str],
    number: int,
    metric: str,
    code: str,
    others: Sequence[str] = (),
) -> None:
    """Compare `models` with each other, or with `other_models` if there are any."""
    images = read_image_ids(explanations[0], number)
    files = dict(zip(models, explanations, strict=True))
    other_files = dict(zip(other_models, others, strict=True))
    rows = compare_answers(files, images=images, others=other_files)
    attributes = {"method": "answers", "metric": metric, "code": code}
    with create_kernel(similarity, images, models, other_models, attributes=attributes) as kernel:
        for part in rows:
            kernel.append(**part)


if __name__ == "__main__":
    run(main, snakemake)
