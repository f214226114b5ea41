"""What the models of a study are to its tests: whose seeds they are, controls, families."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from thinkalike.errors import InputError

COLUMNS = ("model", "name", "family", "architecture", "untrained", "replica")
"""Columns of a table of models."""


@dataclass(frozen=True)
class Roles:
    """Family and architecture of every model, and which are controls.

    Attributes:
        families: model → family, any label. A model that is not named is a family of its own.
        architectures: model → key of the first model of its architecture: networks that are trained alike
            from other seeds share one. A model that is not named is an architecture of its own.
        untrained: models with random weights, the controls.
    """

    families: Mapping[str, str]
    architectures: Mapping[str, str] = field(default_factory=dict)
    untrained: Sequence[str] = ()

    def architecture(self, model: str) -> str:
        """Key of the first model of the architecture of a model."""
        return self.architectures.get(model, model)

    def family(self, model: str) -> str:
        """Family of a model."""
        return self.families.get(model, model)

    def trained(self, models: Sequence[str]) -> list[str]:
        """Models of a list that are no controls, in its order."""
        return [model for model in models if model not in self.untrained]

    def independent(self, models: Sequence[str]) -> list[str]:
        """One model of each architecture, the first of these, and no controls.

        Two seeds of one network are no two networks: tests would count one of them twice.
        """
        first: dict[str, str] = {}
        for model in self.trained(models):
            first.setdefault(self.architecture(model), model)
        return list(first.values())

    def in_families(self, models: Sequence[str]) -> list[str]:
        """Models of a list whose family has at least two of its models, in its order."""
        sizes = Counter(self.family(model) for model in models)
        return [model for model in models if sizes[self.family(model)] > 1]

    def table(self, names: Mapping[str, str], replicas: Sequence[str] = ()) -> pd.DataFrame:
        """What models are, a row for each, with the columns `COLUMNS`.

        Args:
            names: model → display name, of all models, in order.
            replicas: models that are further seeds of others, and stand in no matrix.
        """
        rows = [
            (
                model,
                name,
                self.families.get(model, ""),
                self.architecture(model),
                model in self.untrained,
                model in replicas,
            )
            for model, name in names.items()
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    @classmethod
    def of_table(cls, table: pd.DataFrame) -> "Roles":
        """Roles of the models of a table that `table` has given.

        Raises:
            InputError: a column is missing.
        """
        missing = [column for column in COLUMNS if column not in table]
        if missing:
            raise InputError(
                f"the table of models has no column {', '.join(missing)}; make it anew"
            )
        known = table[table["family"].astype(object).fillna("").astype(str) != ""]
        return cls(
            dict(zip(known["model"], known["family"], strict=True)),
            dict(zip(table["model"], table["architecture"].astype(str), strict=True)),
            table.loc[table["untrained"].astype(bool), "model"].tolist(),
        )
