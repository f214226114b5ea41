"""What runs again, counted in dry runs of a finished study (in a folder it was not made in)."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from tests.support.checkout import EVERYTHING
from thinkalike.stores.tables import read_square

MAPPED = 4  # gradcam and kernelshap x 2 metrics
PER_METRIC = MAPPED + 1  # and answers by one metric
PER_CASE = 17  # 2 metrics x (4 subsets of gradcam + 3 of kernelshap) + 3 of answers
CLUSTERED = 12  # all but those of differing images
PANELS = ["plot_panels_first", "plot_panels_agreeing", "plot_panels_depths"]


def contents(folder: Path, pattern: str) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.glob(pattern))}


def test_nothing_after_a_run_not_even_in_another_folder(study):
    run = study.snakemake(*EVERYTHING)
    assert run.status == 0
    assert "Nothing to be done" in run.output


def test_nothing_after_touching_all_code(study):
    for pattern in (
        "scripts/*.py",
        "thinkalike/**/*.py",
        "rules/*.smk",
        "Snakefile",
        "config.yaml",
    ):
        for file in study.root.glob(pattern):
            file.touch()
    assert study.plan(*EVERYTHING) == {}


def test_nothing_after_a_comment_a_docstring_and_a_blank_line(study):
    study.edit("thinkalike/compare/products.py", "def gram(", "# a remark\n\n\ndef gram(")
    study.edit("thinkalike/compare/streams.py", '"""Compare the maps', '"""Compare all maps')
    study.edit(
        "scripts/compare_models.py",
        "    images = read_image_ids(",
        "    # in order\n\n    images = read_image_ids(",
    )
    assert study.plan(*EVERYTHING) == {}


def test_a_changed_library_function_reruns_exactly_its_users(study):
    study.edit("thinkalike/statistics/subsampling.py", "factor=1 - np", "factor=1.0 - np")
    assert study.plan(*EVERYTHING) == {
        "subsample_images": PER_METRIC,
        "plot_similarities": PER_METRIC,
    }


def test_a_changed_function_that_a_module_s_other_users_do_not_reach_leaves_them_alone(study):
    # compare_models imports a function of compare.streams, and that another one that computes distances
    study.edit(
        "thinkalike/compare/dissimilarity.py", "np.sqrt(np.maximum(2 *", "np.sqrt(np.maximum(2.0 *"
    )
    jobs = study.plan(*EVERYTHING)
    assert "compare_models" not in jobs
    assert "subsample_images" not in jobs
    assert jobs["summarise_similarity"] == PER_CASE


def test_a_changed_method_reruns_its_own_explanations_only(study):
    study.edit(
        "thinkalike/explain/kernelshap.py", "if evaluations < most + 2", "if evaluations < 2 + most"
    )
    run = study.snakemake("--dry-run", *EVERYTHING)
    assert run.jobs["explain_images"] == 4  # three models and a replica
    assert run.jobs["explain_moved"] == 3
    assert run.jobs["measure_budgets"] == 1
    assert run.jobs["explain_clusters"] == 3
    assert "Explaining vit_brief by kernelshap" in run.output
    assert "by gradcam" not in run.output  # nor by gradcam_50
    assert "explain_layers" not in run.jobs
    assert "train_model" not in run.jobs


def test_a_changed_rule_of_relevance_reruns_clusters_and_their_evaluation(study):
    study.edit("thinkalike/neon/blocks.py", "excess *= -beta", "excess *= -1.0 * beta")
    assert study.plan(*EVERYTHING) == {
        "explain_clusters": 3,
        "evaluate_neon": 1,
        "plot_galleries": 1,
        "plot_evaluation": 1,
        # of the published examples
        "explain_tables": 1,
        "evaluate_tables": 1,
        "plot_tables": 1,
        "plot_tables_evaluation": 1,
        "plot_planted": 1,
        "build_explorer": 1,
    }


def test_another_beta_reruns_the_clusters_of_models_alone(study):
    jobs = study.plan(*EVERYTHING, overlay=study.overlay(neon={"beta": 0.5}))
    assert jobs == {
        "explain_clusters": 3,
        "evaluate_neon": 1,
        "plot_galleries": 1,
        "plot_evaluation": 1,
        "build_explorer": 1,
    }


def test_a_changed_plot_reruns_that_plot(study):
    study.edit("thinkalike/plotting/panels.py", "0.75 + 0.25", "0.7 + 0.3")
    # galleries, and figures of clusters of maps, lay maps over images in the same way
    galleries = {"plot_galleries": 1, "plot_map_clusters": 3, "plot_influences": 2}
    assert study.plan(*EVERYTHING) == {**dict.fromkeys(PANELS, 1), **galleries}


def test_one_more_model_runs_its_own_jobs_and_the_aggregates(study):
    results = study.root / "results" / "tiny"
    patterns = ("explanations/*/*.nc", "predictions/*.parquet", "weights/*", "segments.nc")
    before = {pattern: contents(results, pattern) for pattern in patterns}
    before["predictions/*.parquet"].pop("predictions/agreement_pairs.parquet")
    matrices = {
        path.relative_to(study.root): read_square(path)
        for path in results.glob("dissimilarity/*/cosine/all.csv")
    }
    assert len(matrices) == 3
    overlay = study.overlay(models=["resnet_untrained", "byobnet_brief", "vit_brief", "tiny_twin"])
    assert study.plan(*EVERYTHING, overlay=overlay) == {
        "train_model": 1,
        "place_weights": 1,
        "check_accuracy": 1,
        "predict_images": 1,
        "explain_images": 2,
        "explain_again": 1,
        "explain_moved": 1,
        "delete_regions": 4,
        "summarise_deletion": 1,
        "plot_deletion": 1,
        "measure_accuracy": 1,
        "measure_noise_ceiling": 2,
        "plot_noise_ceiling": 1,
        "tabulate_grids": 1,
        "explain_clusters": 1,
        "evaluate_neon": 1,
        "plot_galleries": 1,
        "plot_evaluation": 1,
        "compare_predictions": 1,
        "compare_features": 1,
        "compare_models": MAPPED,
        "compare_answers": 1,
        "measure_chance": MAPPED,
        "measure_answers": 1,
        "measure_scales": 2,
        "summarise_similarity": PER_CASE,
        "collect_pairs": 1,
        "resample_images": PER_METRIC,
        "measure_consensus": 2,
        "test_models": 1,
        "write_verdict": 1,
        "correlate_agreement": 1,
        "subsample_images": PER_METRIC,
        "cluster_models": CLUSTERED,
        "plot_predictions": 1,
        "plot_accuracy": 1,
        **dict.fromkeys(PANELS, 1),
        "plot_pairs": 1,
        "plot_scales": 1,
        "plot_influences": 2,
        "plot_borders": 1,
        "plot_budgets": 1,
        "plot_similarities": PER_METRIC,
        "plot_clusters": CLUSTERED,
        "plot_comparisons": 1,
        "build_explorer": 1,
    }
    run = study.snakemake(*map(str, matrices), overlay=overlay)
    assert run.status == 0, run.output
    for pattern, files in before.items():
        after = contents(results, pattern)
        assert files.items() <= after.items(), pattern
    # and so is the older part of every matrix
    for path, old in matrices.items():
        new = read_square(study.root / path)
        assert (new.loc[old.index, old.columns].to_numpy() == old.to_numpy()).all(), path
        assert list(new.columns) == [*old.columns, "tiny_twin"]


def test_a_tolerance_explains_all_models_in_one_job_until_it_is_met(study):
    explanations = study.root / "results/tiny/explanations/kernelshap"
    alone = {path.name: xr.load_dataset(path) for path in explanations.glob("*.nc")}
    target = "results/tiny/dissimilarity/kernelshap/cosine/all_pairs.parquet"

    def overlay(**kernelshap: float) -> Path:
        return study.overlay(settings={"kernelshap": {"most_evaluations": 640, **kernelshap}})

    met_at_once = overlay(tolerance=1.0)
    jobs = study.plan(*EVERYTHING, overlay=met_at_once)
    assert jobs["explain_together"] == 1
    assert "explain_images" not in jobs
    assert "train_model" not in jobs
    run = study.snakemake("results/tiny/explanations/kernelshap/vit_brief.nc", overlay=met_at_once)
    assert run.status == 0, run.output
    # after one round they are the maps that each model has alone
    assert len(alone) == 4  # and a replica
    for name, maps in alone.items():
        xr.testing.assert_equal(xr.load_dataset(explanations / name), maps)

    run = study.snakemake(target, overlay=overlay(tolerance=0.02, evaluations=20))
    assert run.status == 0, run.output
    pairs = pd.read_parquet(study.root / target)
    assert 0 < np.hypot(pairs["estimation_error"], pairs["estimation_bias"]).max() <= 0.02
    log = (study.root / "results/tiny/logs/explain_together.log").read_text()
    assert "20 evaluations an image: the largest error of a mean similarity is" in log


def test_a_bandwidth_reruns_the_rbf_of_its_method(study):
    overlay = study.overlay(settings={"kernelshap": {"rbf_sigma": 0.5}})
    jobs = study.plan(*EVERYTHING, overlay=overlay)
    assert jobs == {
        "compare_models": 1,
        "measure_chance": 1,
        "measure_noise_ceiling": 1,
        "plot_noise_ceiling": 1,
        "summarise_similarity": 3,
        "collect_pairs": 1,
        "resample_images": 1,
        "test_models": 1,
        "write_verdict": 1,
        "correlate_agreement": 1,
        "subsample_images": 1,
        "cluster_models": 2,
        "plot_predictions": 1,
        "plot_similarities": 1,
        "plot_clusters": 2,
        "plot_comparisons": 1,
        "build_explorer": 1,
    }


def test_the_convention_for_blank_maps_reruns_all_that_compares_maps(study):
    jobs = study.plan(*EVERYTHING, overlay=study.overlay(similarity={"blanks": "zero"}))
    assert jobs["compare_models"] == jobs["measure_chance"] == MAPPED
    assert "compare_answers" not in jobs
    assert jobs["measure_noise_ceiling"] == 2
    assert "explain_images" not in jobs


def test_a_resolution_reruns_the_clustering(study):
    overlay = study.overlay(clustering={"louvain": {"resolution": 1.2}})
    assert study.plan(*EVERYTHING, overlay=overlay) == {
        "cluster_models": CLUSTERED,
        "plot_clusters": CLUSTERED,
        "plot_comparisons": 1,
        "build_explorer": 1,
    }


def test_a_variant_that_compares_maps_in_another_way_explains_nothing(study):
    overlay = study.overlay(
        methods=["gradcam", "kernelshap", "gradcam_signed"],
        variants={"gradcam_signed": {"method": "gradcam", "sign": "signed", "images": 5}},
    )
    jobs = study.plan("variants", overlay=overlay)
    assert jobs == {
        "compare_models": 2,
        "measure_chance": 2,
        "resample_images": 2,
        "summarise_similarity": 6,
        "cluster_models": 6,
        "plot_clusters": 6,
        "variants": 1,
    }


def test_another_set_of_panels_draws_itself_alone(study):
    overlay = study.overlay(figures={"panels": {"second": {"count": 2, "methods": ["gradcam"]}}})
    assert study.plan(*EVERYTHING, overlay=overlay) == {"plot_panels_second": 1}


def test_more_repeats_rerun_the_subsampling_and_keep_the_older_draws(study):
    results = study.root / "results" / "tiny"
    before = pd.read_parquet(results / "subsampling/gradcam/cosine.parquet")
    overlay = study.overlay(subsampling={"repeats": 5})
    assert study.plan(*EVERYTHING, overlay=overlay) == {
        "subsample_images": PER_METRIC,
        "plot_similarities": PER_METRIC,
    }
    run = study.snakemake("results/tiny/subsampling/gradcam/cosine.parquet", overlay=overlay)
    assert run.status == 0, run.output
    after = pd.read_parquet(results / "subsampling/gradcam/cosine.parquet")
    kept = after.merge(before, on=list(before.columns))
    assert len(after) == 2 * 5
    assert len(kept) == len(before)


def test_a_display_name_reruns_the_figures_and_what_else_is_for_readers(study):
    overlay = study.overlay(catalogue={"byobnet_brief": {"name": "Byob"}})
    jobs = study.plan(*EVERYTHING, overlay=overlay)
    assert {rule for rule in jobs if not rule.startswith("plot_")} == {
        "collect_pairs",
        "write_verdict",
        "build_explorer",
    }


def test_a_failed_parse_names_the_file(study):
    study.edit("thinkalike/compare/products.py", "def gram(", "def gram((")
    run = study.snakemake("--dry-run", *EVERYTHING)
    assert run.status != 0
    assert re.search(r"thinkalike/compare/products.py, line \d+: .*fix the syntax", run.output)


TWINS = {name: {"like": "resnet_untrained", "name": name} for name in ("first", "second", "third")}
GROUPED = {
    "study": "grouped",
    "models": ["resnet_untrained", "first", "second", "third"],
    "catalogue": TWINS,
    "methods": ["gradcam"],
    "metrics": ["cosine"],
    "subsets": ["all"],
    "similarity": {"group": 2},
    # nothing else is about models of the tiny study
    "borders": {"layers": {"byobnet_brief": []}},
    "budgets": {"models": []},
    "spectral": {"models": []},
    "figures": {"panels": {"depths": {"models": []}}},
}


def test_a_model_at_the_end_is_compared_by_the_jobs_of_the_last_group_alone(checkout):
    target = "similarity"
    three = checkout.overlay("three.yaml", **{**GROUPED, "models": GROUPED["models"][:3]})
    run = checkout.snakemake(target, overlay=three)
    assert run.status == 0, run.output
    results = checkout.root / "results" / "grouped"
    before = contents(results, "similarity/gradcam/cosine/*.nc")
    assert sorted(before) == [
        f"similarity/gradcam/cosine/{tile}.nc" for tile in ("0_0", "0_1", "1_1")
    ]
    matrix = read_square(results / "dissimilarity/gradcam/cosine/all.csv")
    four = checkout.overlay("four.yaml", **GROUPED)
    assert checkout.plan(target, overlay=four) == {
        "train_model": 1,
        "place_weights": 1,
        "check_accuracy": 1,
        "predict_images": 1,
        "explain_images": 1,
        "compare_models": 2,
        "measure_chance": 2,
        "join_similarities": 1,
        "join_chances": 1,
        "summarise_similarity": 1,
        "similarity": 1,
    }
    run = checkout.snakemake(target, overlay=four)
    assert run.status == 0, run.output
    after = contents(results, "similarity/gradcam/cosine/*.nc")
    first = "similarity/gradcam/cosine/0_0.nc"
    assert after[first] == before[first]
    larger = read_square(results / "dissimilarity/gradcam/cosine/all.csv")
    assert larger.iloc[:2, :2].equals(matrix.iloc[:2, :2])
    # BLAS adds up in another order where a tile has another number of columns
    np.testing.assert_allclose(larger.iloc[:3, :3], matrix, rtol=0, atol=1e-14)

    # one job for all of them: the same numbers, but for the order in which they are added up
    whole = checkout.overlay("whole.yaml", **{**GROUPED, "similarity": {"group": 4}})
    run = checkout.snakemake(target, overlay=whole)
    assert run.status == 0, run.output
    other = read_square(results / "dissimilarity/gradcam/cosine/all.csv")
    pd.testing.assert_frame_equal(larger, other, rtol=1e-12, atol=1e-7)


SHARDED = {
    **GROUPED,
    "study": "sharded",
    "models": ["resnet_untrained", "first"],
    # maps on a grid, on superpixels and on pixels
    "methods": ["gradcam", "kernelshap", "lrp"],
    "images": {"count": 130, "shards": 4},
    "settings": {"gradcam": {"images": 5}, "kernelshap": {"images": 129, "evaluations": 20}},
    "segments": {"count": 8},
}


def test_shards_are_joined_to_the_same_bytes_and_leave_nothing_behind(checkout):
    targets = [f"results/sharded/explanations/{m}/first.nc" for m in SHARDED["methods"]]
    overlay = checkout.overlay("sharded.yaml", **SHARDED)
    run = checkout.snakemake(*targets, overlay=overlay)
    assert run.status == 0, run.output
    joined = contents(checkout.root, "results/sharded/explanations/*/*.nc")
    assert joined.keys() == set(targets)
    assert not [*(checkout.root / "results/sharded").glob("shards/**/*.nc")]
    # five images are one block, and one shard
    assert checkout.plan(*targets, overlay=overlay) == {}
    changed = {"settings": {**SHARDED["settings"], "gradcam": {"images": 6}}}
    plan = checkout.plan(*targets, overlay=checkout.overlay(**{**SHARDED, **changed}))
    assert plan == {"explain_images": 1, "join_shards": 1}
    changed = {"segments": {"count": 9}}
    plan = checkout.plan(*targets, overlay=checkout.overlay(**{**SHARDED, **changed}))
    assert plan == {"segment_images": 1, "explain_images": 2, "join_shards": 1}

    whole = checkout.overlay(**{**SHARDED, "images": {"count": 130, "shards": 1}})
    assert checkout.plan(*targets, overlay=whole) == {"explain_images": 3}
    run = checkout.snakemake(*targets, overlay=whole)
    assert run.status == 0, run.output
    expected = contents(checkout.root, "results/sharded/explanations/*/*.nc")
    assert [name for name in targets if joined[name] != expected[name]] == []


def test_masks_of_the_user_are_noticed_by_their_content(checkout):
    target = "results/masks/segments.nc"
    changes = {"study": "masks", "segments": {"kind": "grid", "cells": 4}}
    run = checkout.snakemake(target, overlay=checkout.overlay("masks.yaml", **changes))
    assert run.status == 0, run.output
    # the same cells as a user's own masks
    masks = checkout.root / "my_masks"
    with xr.open_dataset(checkout.root / target) as cells:
        ids, labels = cells["image"].to_numpy(), cells["labels"].to_numpy()
    assert [each.max() + 1 for each in labels] == [16] * 6
    for name, each in zip(ids, labels, strict=True):
        file = (masks / name).with_suffix(".npy")
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, each)
    changes["segments"] = {"kind": "file", "path": "my_masks", "cells": None}
    overlay = checkout.overlay("masks.yaml", **changes)
    assert checkout.plan(target, overlay=overlay) == {"segment_images": 1}
    run = checkout.snakemake(target, overlay=overlay)
    assert run.status == 0, run.output
    with xr.open_dataset(checkout.root / target) as segments:
        np.testing.assert_array_equal(segments["labels"], labels)
    file.touch()
    assert checkout.plan(target, overlay=overlay) == {}
    np.save(file, np.where(each < 8, 0, 1).astype(each.dtype))
    assert checkout.plan(target, overlay=overlay) == {"segment_images": 1}
    file.unlink()
    run = checkout.snakemake(target, overlay=overlay)
    assert run.status != 0
    assert f"my_masks has no mask of {name}; add it under that name" in run.output
