"""What a method says of images: maps and all that belongs to them; no network is needed to read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from thinkalike.compare.answers import Answers
from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps
from thinkalike.stores.arrays import open_arrays, read_attributes
from thinkalike.stores.maps import ANSWERS, read_answers, read_maps


@dataclass(frozen=True)
class Explanation:
    """Maps of N images and what the method says of them.

    Attributes:
        maps: coefficients and their bases.
        targets: (N,) the class that was explained.
        measures: name → (N,), numbers of each map (completeness gap, steps, …).
        draws: (N, R, K) from the posterior of maps that are estimates, made so that they covary between
            models as the errors do (`solver.Estimate.draws`).
        standard_errors: (N, K) of the coefficients of maps that are estimates.
        accounts: name → (N,), the ledger of methods that keep one: the part of each score that went to
            the pixels, and the parts that stayed in constants.
        answers: scores of coalitions, of the method that asks for them.
    """

    maps: Maps
    targets: np.ndarray
    measures: Mapping[str, np.ndarray] = field(default_factory=dict)
    draws: np.ndarray | None = None
    standard_errors: np.ndarray | None = None
    accounts: Mapping[str, np.ndarray] = field(default_factory=dict)
    answers: Answers | None = None

    @property
    def arrays(self) -> dict[str, Any]:
        """Arguments of `stores.maps.write_maps` that are about the maps."""
        return {
            "maps": self.maps,
            "measures": {"target": self.targets, **self.measures},
            "standard_errors": self.standard_errors,
            "draws": self.draws,
            "accounts": self.accounts,
            "answers": self.answers,
        }

    @property
    def stored(self) -> "Explanation":
        """The explanation as a file has it: maps, errors, draws and answers in float32."""
        answers = self.answers
        if answers is not None:
            answers = Answers(*(_float32(getattr(answers, name)) for name in ANSWERS.values()))
        return replace(
            self,
            maps=replace(self.maps, coefficients=_float32(self.maps.coefficients)),
            draws=None if self.draws is None else _float32(self.draws),
            standard_errors=None
            if self.standard_errors is None
            else _float32(self.standard_errors),
            answers=answers,
        )


def _float32(values: np.ndarray) -> np.ndarray:
    # in the order of a file: sums of numbers that lie otherwise in memory are rounded otherwise
    return np.ascontiguousarray(values, np.float32)


def read_explanation(
    path: str | Path, segments: Sequence[Segments] | None = None
) -> tuple[Explanation, list[str], dict[str, Any]]:
    """Read the explanation of one model from its file, with the ids of the images and the attributes.

    Args:
        path: of the file, as `stores.maps.write_maps` writes it.
        segments: regions of these images, and maybe of more, for maps on regions.

    Raises:
        InputError: the file is missing or damaged, or was computed on other regions.
    """
    maps, image_ids = read_maps(path, segments)
    with open_arrays(path, ["target"]) as file:
        measures = {
            str(name): values.to_numpy()
            for name, values in file.data_vars.items()
            if values.dims == ("image",) and name not in ("target", "segmentation")
        }
        accounts = {}
        if "accounts" in file:
            columns = file["accounts"].to_numpy().T
            accounts = dict(zip(map(str, file["account"].to_numpy()), columns, strict=True))
        explanation = Explanation(
            maps,
            file["target"].to_numpy(),
            measures,
            file["draws"].to_numpy() if "draws" in file else None,
            file["standard_errors"].to_numpy() if "standard_errors" in file else None,
            accounts,
        )
        has_answers = all(name in file for name in ANSWERS)
    if has_answers:
        explanation = replace(explanation, answers=read_answers(path)[0])
    return explanation, image_ids, read_attributes(path)
