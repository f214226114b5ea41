"""Measure the functional agreement of all pairs of models over subsets of the images (rule
measure_answers).
"""

from collections.abc import Sequence

from thinkalike.compare.answer_streams import agreement_above_chance
from thinkalike.compare.chance_streams import predicted_by
from thinkalike.stores.kernels import Kernel, create_chance
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    similarity: str,
    images: str,
    chance: str,
    subsets: Sequence[str],
    metric: str,
    code: str,
    predictions: Sequence[str] = (),
    other_predictions: Sequence[str] = (),
) -> None:
    kernel = Kernel.read(similarity)
    labels = read_table(images, ["class_name"])["class_name"][: len(kernel.images)]
    predicted = predicted_by(predictions, other_predictions, similarity, kernel.images)
    rows = agreement_above_chance(kernel, labels.tolist(), subsets, predicted)
    others = () if kernel.others == kernel.models else kernel.others
    names = kernel.images, kernel.models, others
    attributes = {"method": "answers", "metric": metric, "code": code}
    with create_chance(chance, *names, subsets=subsets, attributes=attributes) as output:
        for part in rows:
            output.append(**part)


if __name__ == "__main__":
    run(main, snakemake)
