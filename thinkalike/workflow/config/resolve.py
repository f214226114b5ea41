"""Load and check a study, and say everything that is wrong with it at once."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from thinkalike.errors import InputError
from thinkalike.networks.catalogue import built_in_catalogue, complete_entry
from thinkalike.workflow.config.checks import CHECKS
from thinkalike.workflow.config.schema import _validator
from thinkalike.workflow.config.sentences import _sentence
from thinkalike.workflow.config.settings import all_settings, clustered_models, mapped_models


def resolve(config: Mapping[str, Any]) -> dict[str, Any]:
    """Check a study's configuration and complete its models.

    Args:
        config: as read from config.yaml and its overlays.

    Returns:
        The configuration, with `catalogue` holding the selected models alone, each complete: `like`
        followed, `training` and `weights` filled up from the study's; `settings` holding those of the
        variants, too, each with its `method`; `neon.models` and `spectral.models` lists; and every set
        of panels complete.

    Raises:
        InputError: a line for every problem, with the mend.
    """
    errors = list(_validator().iter_errors(config))
    damaged = {str(error.absolute_path[0]) for error in errors if error.absolute_path}
    sound = {key for key in config if key not in damaged}
    problems = [_sentence(error) for error in errors]
    for sections, check in CHECKS.items():
        if sound.issuperset(sections.split()):
            problems.extend(check(config))
    if problems:
        raise InputError("\n".join(sorted(set(problems))))
    study = deepcopy(dict(config))
    catalogue = {**built_in_catalogue(), **config["catalogue"]}
    study["catalogue"] = {
        key: _filled_up(complete_entry(key, catalogue), config) for key in config["models"]
    }
    study["settings"] = all_settings(config)
    study["neon"]["models"] = clustered_models(config)
    study["spectral"]["models"] = mapped_models(config)
    study["figures"]["panels"] = {
        name: {
            "count": panels["count"],
            "images": panels.get("images", "first"),
            "models": panels.get("models") or config["models"],
            "methods": panels.get("methods") or config["methods"],
        }
        for name, panels in config["figures"]["panels"].items()
    }
    return study


def _filled_up(entry: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **entry,
        "training": {**config["training"], **entry.get("training", {})},
        "weights": entry.get("weights", config["weights"]),
    }
