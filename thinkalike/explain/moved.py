"""Cases whose images are moved by some pixels, for the input ceiling."""

from dataclasses import replace

from thinkalike.compare.moved import moved_right
from thinkalike.explain.common import Case


def moved_case(case: Case, pixels: int, number: int) -> Case:
    """The first images of a case moved to the right, with the same targets and seeds of coalitions.

    Superpixels move with their image. The border on the left is repeated (`moved_right`). The logits of
    the case are those of images in their place, so they are dropped.

    Args:
        case: of a study.
        pixels: to the right.
        number: of images, from the first.

    Raises:
        InputError: images are not wider than `pixels`.
    """
    part = slice(number)
    question = case.question.part(part)
    segments = question.segments
    return Case(
        case.model,
        case.image_ids[part],
        moved_right(case.images[part], pixels),
        case.targets[part],
        replace(
            question,
            logits=None,
            segments=None if segments is None else moved_right(segments, pixels),
        ),
    )
