"""Settings of an explanation or a comparison in a notebook: those that are given, and the defaults."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from thinkalike.attributions import ATTRIBUTIONS, attribution_of
from thinkalike.compare.maps import RESCALINGS, SIGNS
from thinkalike.compare.scales import SEGMENTS
from thinkalike.compare.similarity import BLANKS, METRICS, Comparison
from thinkalike.defaults import default_study
from thinkalike.errors import InputError, did_you_mean
from thinkalike.methods import (
    COMPARISON_SETTINGS,
    METHODS,
    Method,
    kernelshap_budget,
    method_of,
)
from thinkalike.user_code import content_of

TARGETS = ("prediction", "label", "embedding")
OUTPUTS = ("logit", "probability")
PRECISIONS = ("float32", "bfloat16")
TEXTS = ("attribution", "file", "basis")
MAPPINGS = {"smooth": {"samples": 16, "sigma": 0.1}}
"""Settings that are mappings, whose default is null → an example."""


@dataclass(frozen=True)
class Plan:
    """How images are explained.

    Attributes:
        key: of the explanations, in names of files: the method, the attribution of captum's, or the file.
        settings: of the method, complete, with the `method` itself.
        target: prediction, label, or classes (N,).
        output, baseline, precision: as for `explain.common.Question`.
        seed: of the coalitions, together with the ids of the images.
        segments: (N, height, width) regions, or None.
        again: whether coalitions are other ones, for the noise ceiling.
        moved: pixels that images are moved to the right, for the input ceiling.
    """

    key: str
    settings: Mapping[str, Any]
    target: Any
    output: str
    baseline: tuple[float, float, float]
    precision: str
    seed: int
    segments: np.ndarray | None
    again: bool = False
    moved: int = 0

    @property
    def row(self) -> Method:
        """The method, with what its settings choose among its needs."""
        return method_of(self.settings)

    @property
    def together(self) -> dict[str, Any]:
        """Settings of `explain_together`, if the models are explained together; else none."""
        if self.settings.get("tolerance") is None or not self.row.estimated:
            return {}
        names = ("evaluations", "tolerance", "most_evaluations")
        return {name: self.settings[name] for name in names}

    def settings_for(self, model: str, family: str) -> dict[str, Any]:
        """Settings that the method takes for one model."""
        return self.row.map_settings(self.settings, model, family)

    def stated(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Attributes of a file of maps, as a study's jobs give them."""
        return {
            "method": self.row.key,
            "code": "",
            "target": self.target if isinstance(self.target, str) else "given",
            "output": self.output,
            "baseline": list(self.baseline) if self.row.baseline else [],
            "precision": self.precision,
            **settings,
            **({"moved": self.moved} if self.moved else {}),
        }


def method_settings(method: Any, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Key of the explanations by a method, and its settings, what is not given from config.yaml.

    Args:
        method: key of a method, or the name of one of captum's attributions.
        given: settings.

    Raises:
        InputError: there is no such method, it has no maps of its own, or no such setting.
    """
    if method in ATTRIBUTIONS:
        given, method = {"attribution": method, **given}, "captum"
    having = [key for key, row in METHODS.items() if row.has_maps]
    if method in METHODS and method not in having:
        source = METHODS[method].explained_by
        raise InputError(
            f"method: {method!r} has no maps of its own, it compares what {source} has asked; give "
            f"{source!r}, and its maps to ta.compare_answers"
        )
    if method not in having:
        hint = did_you_mean(method, [*having, *ATTRIBUTIONS])
        raise InputError(f"method: {method!r} is none of {', '.join(having)}{hint}")
    settings = {**_map_settings(method), **_checked(method, given), "method": method}
    if method == "captum":
        if settings["attribution"] is None:
            raise InputError(
                f"attribution: captum has several; give one of {', '.join(ATTRIBUTIONS)}"
            )
        return attribution_of(settings["attribution"]).name.lower(), settings
    if method == "file":
        if settings["file"] is None:
            raise InputError("file: is the Python file with the method's function; give its path")
        file = str(settings["file"])
        settings |= {"file": file, "content": content_of(file)}
        return re.sub(r"\W", "_", Path(file).stem), settings
    return method, settings


def checked_plan(
    key: str,
    settings: dict[str, Any],
    *,
    target: Any = None,
    output: str | None = None,
    baseline: Sequence[float] | None = None,
    precision: str | None = None,
    seed: int | None = None,
    segments: np.ndarray | None = None,
    count: int | None = None,
    again: bool = False,
    moved: int = 0,
) -> Plan:
    """The plan of an explanation, what is None from config.yaml.

    Args:
        key, settings: of the method, as `method_settings` gives them.
        target, output, baseline, precision, seed, segments, again, moved: as in `Plan`.
        count: regions of an image, about, from which the number of KernelSHAP's evaluations follows.

    Raises:
        InputError: a value that there is not.
    """
    study = default_study()
    usual = study["explanation"]
    row = method_of(settings)
    if row.estimated and count is not None:
        settings = settings | kernelshap_budget(settings, count)
    if again and not row.estimated:
        raise InputError(f"again: {row.title} draws nothing, and gives the same maps; leave it out")
    if isinstance(moved, bool) or not isinstance(moved, int) or moved < 0:
        raise InputError(f"moved: {moved!r} is no number of pixels; give one such as 1")
    if (again or moved) and settings.get("tolerance") is not None and row.estimated:
        raise InputError(
            "tolerance: maps that are compared with others take as many evaluations as these; give "
            "evaluations, and leave it out"
        )
    target = usual["target"] if target is None else target
    if isinstance(target, str):
        choice("target", target, TARGETS, ", or the numbers of classes")
        if target == "embedding" and not row.embedding:
            raise InputError(
                f"target: {row.title} goes by the gradient at the image, and that of an embedding's "
                "cosine to itself is 0; choose another method, or target='prediction'"
            )
    elif np.asarray(target).dtype.kind not in "iu":
        raise InputError(
            f"target: {target!r} is none of {', '.join(TARGETS)}, or the numbers of classes; give one"
        )
    return Plan(
        key,
        settings,
        target,
        choice("output", usual["output"] if output is None else output, OUTPUTS),
        checked_colour(usual["baseline"] if baseline is None else baseline),
        choice("precision", usual["precision"] if precision is None else precision, PRECISIONS),
        study["seed"] if seed is None else checked_seed(seed),
        segments,
        again,
        moved,
    )


def checked_seed(seed: Any) -> int:
    """A seed, which is a whole number from 0.

    Raises:
        InputError: it is none.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InputError(f"seed: {seed!r} is no whole number from 0; give one")
    return int(seed)


def comparison_of(method: str, metric: str, given: Mapping[str, Any]) -> Comparison:
    """How maps of a method are compared, what is None as in config.yaml.

    Args:
        method: key of the method.
        metric: cosine or rbf.
        given: sign, pool, rescaling, sigma and blanks; None: the default of the method.

    Raises:
        InputError: a value that there is not.
    """
    study = default_study()
    usual = study["settings"][method]
    choice("metric", metric, METRICS)
    values = {name: value for name, value in given.items() if value is not None}
    # 0 cells a side: as the maps were computed
    pool = values.get("pool", usual["pool"]) or None
    is_number = isinstance(pool, int) and not isinstance(pool, bool) and pool >= 0
    if pool not in (None, SEGMENTS) and not is_number:
        raise InputError(
            f"pool: {pool!r} is no number of cells a side; give one such as 8, or 0, or {SEGMENTS!r}"
        )
    sigma = values.get("sigma", usual["rbf_sigma"])
    if not isinstance(sigma, (int, float)) or not sigma > 0:
        raise InputError(
            f"sigma: {sigma!r} is no number above 0; give one such as {usual['rbf_sigma']}"
        )
    return Comparison(
        metric,
        sign=choice("sign", values.get("sign", usual["sign"]), SIGNS),
        rescaling=choice("rescaling", values.get("rescaling", usual["rescaling"]), RESCALINGS),
        sigma=sigma if metric == "rbf" else 1.0,
        blanks=choice("blanks", values.get("blanks", study["similarity"]["blanks"]), BLANKS),
        pool=pool,
    )


def choice(argument: str, value: Any, known: Sequence[str], more: str = "") -> str:
    """A value that is one of those known.

    Raises:
        InputError: it is none of them.
    """
    if value not in known:
        hint = did_you_mean(value, known)
        raise InputError(f"{argument}: {value!r} is none of {', '.join(known)}{more}{hint}")
    return str(value)


def _map_settings(method: str) -> dict[str, Any]:
    """Settings of a method that say how maps are computed, as config.yaml has them."""
    settings = default_study()["settings"][method]
    return {name: value for name, value in settings.items() if name not in COMPARISON_SETTINGS}


def _checked(method: str, given: Mapping[str, Any]) -> dict[str, Any]:
    known = _map_settings(method)
    for name, value in given.items():
        if name in COMPARISON_SETTINGS:
            raise InputError(f"{name}: says how maps are compared; give it to ta.compare")
        if name not in known:
            others = [
                *known,
                "target",
                "output",
                "baseline",
                "precision",
                "segments",
                "seed",
                "device",
            ]
            raise InputError(
                f"{name}: {method} has no such setting, only {', '.join(known)}"
                f"{did_you_mean(name, others)}"
            )
        _check_kind(name, value, known[name])
    return dict(given)


def _check_kind(name: str, value: Any, usual: Any) -> None:
    """Refuse a value of another kind than the default's; a default of null stands for a number."""
    if name in TEXTS:
        if not isinstance(value, (str, PathLike)):
            raise InputError(f"{name}: {value!r} is no text; give one")
        return
    if isinstance(usual, Mapping) or name in MAPPINGS:
        if value is None and usual is None:
            return
        if not isinstance(value, Mapping):
            raise InputError(
                f"{name}: {value!r} is no mapping; give one such as {dict(usual or MAPPINGS.get(name, {}))}"
            )
        return
    whole = isinstance(usual, int) or name.endswith("evaluations")
    number = (int, np.integer) if whole else (int, float, np.number)
    free = usual is None and value is None
    if not free and (isinstance(value, bool) or not isinstance(value, number) or not value > 0):
        kind = "whole number" if whole else "number"
        raise InputError(f"{name}: {value!r} is no {kind} above 0; give one")


def checked_colour(values: Any) -> tuple[float, float, float]:
    """A colour as red, green and blue.

    Raises:
        InputError: it is none.
    """
    array = np.asarray(values, np.float64)
    if array.shape != (3,) or not ((array >= 0) & (array <= 1)).all():
        raise InputError(
            f"baseline: {values!r} is no colour; give red, green and blue, each in [0, 1]"
        )
    return float(array[0]), float(array[1]), float(array[2])
