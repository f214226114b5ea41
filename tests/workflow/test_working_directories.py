"""Snakemake called from elsewhere, with another working directory, and from a workflow of the user's."""

from tests.support.checkout import TINY, Checkout

MODULE = """
configfile: "mine.yaml"


module thinkalike:
    snakefile: "{root}/Snakefile"
    config: config["thinkalike"]


use rule * from thinkalike as thinkalike_*


rule mine:
    default_target: True
    input:
        "results/mine/segments.nc",
    output:
        "mine.txt",
    shell:
        "touch {{output}}"
"""


def test_a_study_can_be_planned_from_any_folder(checkout, tmp_path):
    elsewhere = Checkout(tmp_path / "else where")
    elsewhere.root.mkdir()
    jobs = elsewhere.plan("-s", str(checkout.root / "Snakefile"), overlay=checkout.root / TINY)
    assert jobs == checkout.plan()
    assert jobs["segment_images"] == 1


def test_a_study_is_made_in_the_working_directory_that_is_named(checkout, tmp_path):
    run = checkout.snakemake("--directory", str(tmp_path / "there"), "data")
    assert run.status == 0, run.output
    assert (tmp_path / "there/results/tiny/images.parquet").exists()
    assert not (checkout.root / "results/tiny").exists()


def test_a_workflow_that_takes_this_one_in_gives_what_differs(checkout, tmp_path):
    mine = Checkout(tmp_path / "mine")
    mine.root.mkdir()
    (mine.root / "mine.yaml").write_text("{a: 1, thinkalike: {study: mine, images: {count: 3}}}")
    (mine.root / "Snakefile").write_text(MODULE.format(root=checkout.root))
    assert mine.plan(overlay=None) == {
        "thinkalike_download_dataset": 1,
        "thinkalike_select_images": 1,
        "thinkalike_segment_images": 1,
        "mine": 1,
    }
    (mine.root / "mine.yaml").write_text("{thinkalike: {study: mine, imges: {count: 3}}}")
    run = mine.snakemake("--dry-run", overlay=None)
    assert run.status != 0
    assert "'imges' is not a key here; did you mean 'images'?" in run.output
    assert "Traceback" not in run.output
