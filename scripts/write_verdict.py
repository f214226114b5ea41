"""Say what a study has found, and what it cannot tell, in words (rule write_verdict)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.statistics.evidence import read_evidence
from thinkalike.statistics.roles import Roles
from thinkalike.statistics.statements import StudyFacts
from thinkalike.statistics.verdict import verdict, write_verdict
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    pairs: Sequence[str],
    seeds: Sequence[str],
    image_count: Sequence[str],
    support: Sequence[str],
    family_tests: str,
    resolution: str,
    agreement: str,
    images: str,
    page: str,
    numbers: str,
    cases: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Any],
    roles: Mapping[str, Any],
    scales: Sequence[str] = (),
    deletion: str | None = None,
    completeness: str | None = None,
) -> None:
    tables = {"pairs": pairs, "seeds": seeds, "image_count": image_count, "support": support}
    shared: dict[str, str | None] = {"families": family_tests, "resolution": resolution}
    shared |= {"deletion": deletion, "completeness": completeness}
    evidence = read_evidence(cases, tables, scales, shared)
    shown = {"agreement": read_table(agreement), "images": read_table(images, ["path"])["path"]}
    known = StudyFacts(**shown, roles=Roles(**roles), **facts)
    write_verdict(verdict(known, evidence), known.study, page, numbers)


if __name__ == "__main__":
    run(main, snakemake)
