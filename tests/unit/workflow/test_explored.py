"""What the rule of the explorer takes: every file that the page is made from, and no other."""

from tests.support.configuration import tiny
from thinkalike.workflow.comparisons import Comparisons
from thinkalike.workflow.explored import Explored
from thinkalike.workflow.study import Study

MODELS = ["resnet_untrained", "byobnet_brief", "vit_brief"]
REPLICA = "byobnet_brief_seed1"


def explored(**changes: object) -> Explored:
    return Explored(Comparisons(Study.of(tiny(**changes))))


def test_maps_are_those_of_all_models_and_replicas():
    found = explored(methods=["gradcam", "answers", "kernelshap"])
    assert found.methods == {"gradcam": "gradcam", "answers": "", "kernelshap": "kernelshap"}
    assert found.maps == [
        *(f"<results>/explanations/gradcam/{model}.nc" for model in [*MODELS, REPLICA]),
        *(f"<results>/explanations/kernelshap/{model}.nc" for model in [*MODELS, REPLICA]),
        "<results>/segments.nc",
    ]


def test_tables_are_those_of_all_comparisons_and_trees_of_clustered_ones():
    tables = explored(methods=["gradcam"], metrics=["cosine"], subsets=["all", "differing"]).tables
    stem = "gradcam/cosine"
    assert f"<results>/dissimilarity/{stem}/differing_pairs.parquet" in tables
    assert f"<results>/clusters/{stem}/all/linkage_average.csv" in tables
    assert not any(path.startswith(f"<results>/clusters/{stem}/differing") for path in tables)
    assert {"<results>/models.csv", "<results>/verdict.json"} <= set(tables)
    assert f"<results>/predictions/{REPLICA}.parquet" in tables


def test_clusters_of_images_are_left_out_where_the_study_says_so():
    whole, without = explored(), explored(explorer={"clusters": False})
    assert set(whole.neon) == set(MODELS)
    assert whole.spectral
    assert f"<results>/neon/maps/{MODELS[0]}.nc" in whole.clusterings
    assert (without.neon, without.spectral, without.clusterings) == ([], {}, [])
