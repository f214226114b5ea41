"""Cases whose images are moved by some pixels, for the input ceiling."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from thinkalike.compare.moved import moved_right
from thinkalike.explain.cases import explained
from thinkalike.explain.common import Case, Explanation


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


def explained_moved(
    case: Case,
    paths: Sequence[str],
    methods: Mapping[str, Mapping[str, Any]],
    pixels: int,
    evaluations: int | None,
) -> Iterator[tuple[str, Case, Explanation, dict[str, Any]]]:
    """Explain moved images of a case by several methods, one after the other.

    Args:
        case: model and images in their place.
        paths: file of each method.
        methods: method or variant → base (its module), number (of images), settings, question.
        pixels: of the move.
        evaluations: of KernelSHAP, where these are not in its settings; else None.

    Yields:
        The file, the case of the moved images, its explanation, and the attributes of the file.
    """
    for path, (method, chosen) in zip(paths, methods.items(), strict=True):
        moved, settings = moved_case(case, pixels, chosen["number"]), dict(chosen["settings"])
        if method == "kernelshap" and evaluations is not None:
            settings["evaluations"] = evaluations
        answer = explained(moved, chosen["base"], settings)
        yield path, moved, answer, {"method": chosen["base"], **chosen["question"], **settings}
