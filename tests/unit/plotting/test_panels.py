"""Panels: which images are drawn, what is written about them, and that all of it is legible."""

from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from scripts import plot_panels
from thinkalike.compare.bases import Grid, Pixels
from thinkalike.compare.maps import Maps, render
from thinkalike.errors import InputError
from thinkalike.plotting.panels import Prediction, panel, panel_title, with_pooled
from thinkalike.plotting.style import styled
from thinkalike.stores.maps import write_maps
from thinkalike.stores.tables import write_table

MODELS = ["alpha", "beta", "gamma"]
SIGNS = {"integrated_gradients": "signed", "gradcam_25": "positive"}
OF = {
    "names": {model: model.title() for model in MODELS},
    "families": {"alpha": "cnn", "beta": "transformer", "gamma": "hybrid"},
}
IMAGES = [f"val/n02102040/{i}.png" for i in range(5)]
# the models agree on images 1, 3 and 4; on 3 all are wrong
CLASSES = [
    ["n02102040"] * 5,
    ["n03000684", "n02102040", "n02102040", "n02102040", "n02102040"],
    ["n02102040", "n02102040", "n03000684", "n02102040", "n02102040"],
]
HUMAN = {"n02102040": "English springer", "n03000684": "chain saw", "n01440764": "tench"}


@pytest.fixture
def study(tmp_path: Path) -> SimpleNamespace:
    """Five images, the predictions and the maps of three models by two methods."""
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 255, (16, 16, 3), np.uint8)).save(tmp_path / "image.png")
    selected = pd.DataFrame(
        {"image_id": IMAGES, "path": str(tmp_path / "image.png"), "class_name": "n02102040"}
    )
    write_table(selected, tmp_path / "images.parquet")
    files = {"predictions": [], **{method: [] for method in SIGNS}}
    maps = {}
    for model, classes in zip(MODELS, CLASSES, strict=True):
        keys = [*classes[:3], "n01440764", classes[4]]
        table = pd.DataFrame(
            {
                "image_id": IMAGES,
                "predicted_class": keys,
                "predicted_name": [HUMAN[key] for key in keys],
                "probability": random.random(5),
                "correct": [key == "n02102040" for key in keys],
            }
        )
        files["predictions"].append(str(tmp_path / f"{model}.parquet"))
        write_table(table, files["predictions"][-1])
        for method, basis in (
            ("integrated_gradients", Pixels(8, 8)),
            ("gradcam_25", Grid(2, 2, 8, 8)),
        ):
            maps[method, model] = Maps(random.normal(size=(5, basis.size)), (basis,))
            files[method].append(str(tmp_path / f"{method}_{model}.nc"))
            save_maps(files[method][-1], maps[method, model], IMAGES)
    panels = [
        [str(tmp_path / f"panel{i}.{end}") for end in ("svg", "png", "csv")] for i in range(4)
    ]
    return SimpleNamespace(folder=tmp_path, files=files, maps=maps, panels=panels)


def save_maps(path: str, maps: Maps, image_ids: list[str]) -> None:
    write_maps(path, maps, image_ids=image_ids, measures={}, attributes={})


def draw(
    study: SimpleNamespace, which: str, count: int, number: int = len(IMAGES)
) -> list[pd.DataFrame]:
    """The tables behind `count` figures of images that are among the first `number`."""
    plot_panels.main(
        images=str(study.folder / "images.parquet"),
        predictions=study.files["predictions"],
        explanations=[path for method in SIGNS for path in study.files[method]],
        figures=[path for paths in study.panels[:count] for path in paths],
        which=which,
        number=number,
        models=MODELS,
        signs=SIGNS,
        pools=dict.fromkeys(SIGNS),
        **OF,
    )
    written = [path for paths in study.panels[:count] for path in paths]
    assert all(Path(path).stat().st_size > 0 for path in written)
    return [pd.read_csv(csv) for _, _, csv in study.panels[:count]]


def test_methods_that_are_compared_over_cells_have_a_further_row():
    maps = Maps(np.arange(4.0)[None], (Grid(2, 2, 8, 8),))
    rows = with_pooled({"gradcam": [maps], "lrp": [maps]}, {"gradcam": None, "lrp": 4})
    assert list(rows) == ["gradcam", "lrp", "lrp_4_x_4_cells"]
    cells = render(rows["lrp_4_x_4_cells"][0], 0)
    expected = render(maps, 0).reshape(4, 2, 4, 2).mean((1, 3))
    np.testing.assert_allclose(cells[::2, ::2], expected, atol=1e-12)


def test_the_first_images_are_drawn_with_what_every_model_says(study):
    tables = draw(study, "first", 2)
    assert [set(table["image_id"]) for table in tables] == [{IMAGES[0]}, {IMAGES[1]}]
    assert tables[0]["model"].tolist() == MODELS
    assert tables[0]["predicted"].tolist() == ["English springer", "chain saw", "English springer"]
    assert tables[0]["correct"].tolist() == [True, False, True]


def test_agreeing_images_are_those_for_which_all_models_predict_the_same_class(study):
    tables = draw(study, "agreeing", 3)
    assert [table["image_id"][0] for table in tables] == [IMAGES[1], IMAGES[3], IMAGES[4]]
    assert tables[1]["predicted"].tolist() == ["tench"] * 3
    assert not any("note" in table for table in tables)


def test_figures_for_which_no_image_is_left_say_so(study):
    tables = draw(study, "agreeing", 4)
    assert list(tables[3].columns) == [*tables[0].columns, "note"]
    assert tables[3].drop(columns="note").isna().all(axis=None)
    assert tables[3]["note"].tolist() == [
        "There is no further image to draw: the 3 models predict one class for 3 of the first 5 images, "
        "which all methods explain."
    ]


def test_the_table_has_the_ends_of_the_maps_as_they_are_drawn(study):
    table = draw(study, "first", 1)[0]
    for i, model in enumerate(MODELS):
        pixels = study.maps["integrated_gradients", model].coefficients[0].astype(np.float32)
        assert table["integrated_gradients_min"][i] == pytest.approx(pixels.min())
        assert table["integrated_gradients_max"][i] == pytest.approx(pixels.max())
        # Grad-CAM's ReLU is of its cells, and the corner pixels of a grid are its corner cells
        cells = np.maximum(study.maps["gradcam_25", model].coefficients[0], 0)
        assert table["gradcam_25_max"][i] == pytest.approx(cells.max(), rel=1e-6)
    assert (table["gradcam_25_min"] >= 0).all()


def test_rows_are_in_the_order_of_the_signs_and_the_class_has_its_human_name(
    study,
):
    draw(study, "first", 1)
    columns = pd.read_csv(study.panels[0][2]).columns
    assert list(columns[-4:]) == [f"{m}_{end}" for m in SIGNS for end in ("min", "max")]
    image = pd.Series({"image_id": IMAGES[0], "class_name": "n02102040"})
    assert panel_title(image, HUMAN) == f"{IMAGES[0]} (class n02102040, English springer)"
    assert panel_title(image.replace("n02102040", "5"), {"5": "5"}) == f"{IMAGES[0]} (class 5)"
    # of networks trained on folders that are called by synsets, or a class that nobody predicts
    for class_names in ({"n02102040": "n02102040"}, {}):
        assert panel_title(image, class_names) == f"{IMAGES[0]} (class n02102040, English springer)"


def fewer_maps(study: SimpleNamespace) -> None:
    """Grad-CAM explains the first three images only."""
    for model, path in zip(MODELS, study.files["gradcam_25"], strict=True):
        few = Maps(study.maps["gradcam_25", model].coefficients[:3], (Grid(2, 2, 8, 8),))
        save_maps(path, few, IMAGES[:3])


def test_only_the_first_images_are_candidates_where_a_method_explains_no_more(study):
    fewer_maps(study)
    tables = draw(study, "agreeing", 2, number=3)
    # images 3 and 4 agree, too, but are not among the first three
    assert tables[0]["image_id"].tolist() == [IMAGES[1]] * 3
    assert tables[1]["note"].tolist() == [
        "There is no further image to draw: the 3 models predict one class for 1 of the first 3 images, "
        "which all methods explain."
    ]
    tables = draw(study, "first", 4, number=3)
    assert [table["image_id"][0] for table in tables[:3]] == IMAGES[:3]
    assert tables[3]["note"].tolist() == [
        "There is no further image to draw: all methods explain the first 3 only."
    ]


def test_a_smaller_number_of_candidates_changes_none_of_the_images_that_are_left(study):
    table = draw(study, "agreeing", 1, number=2)[0]
    pd.testing.assert_frame_equal(table, draw(study, "agreeing", 1)[0])


def test_a_method_that_has_fewer_maps_than_there_are_candidates_is_refused(study):
    fewer_maps(study)
    draw(study, "first", 3)
    with pytest.raises(
        InputError, match=r"gradcam_25 has maps of the first 3 images only .* number 4;"
    ):
        draw(study, "first", 4)
    with pytest.raises(InputError, match=r"gradcam_25 .* number 5; explain more"):
        draw(study, "agreeing", 4)


@pytest.mark.parametrize("kind", ["predictions", "gradcam_25"])
def test_files_about_other_images_are_refused_by_name(study, kind):
    path = study.files[kind][1]
    others = [name.replace("val", "train") for name in IMAGES]
    if kind == "predictions":
        write_table(pd.read_parquet(path).assign(image_id=others), path)
    else:
        save_maps(path, study.maps[kind, "beta"], others)
    with pytest.raises(InputError, match=r"beta.* is about other images than .*images\.parquet"):
        draw(study, "first", 1)


def test_an_unknown_choice_of_images_is_named_with_the_known_ones(study):
    with pytest.raises(InputError, match="'best' of a panel is none of first, agreeing"):
        draw(study, "best", 1)


def test_long_names_of_fourteen_models_and_six_methods_touch_nothing():
    models = [f"m{i}" for i in range(14)]
    names = ["PyramidViT_V2_B2", "EfficientNet_B4", "ConvNeXtV2_Nano", "ResNet (untrained)"]
    predicted = ["Staffordshire bullterrier", "English springer", "5", "cassette player"]
    with styled():
        figure = panel(
            np.zeros((8, 8, 3), np.uint8),
            {f"integrated_gradients_{i}": [np.eye(8)] * 14 for i in range(6)},
            [Prediction(predicted[i % 4], 0.5, i % 3 > 0) for i in range(14)],
            models=models,
            names={model: names[i % 4] for i, model in enumerate(models)},
            families=dict.fromkeys(models, "cnn"),
            title="val/n02102040/n02102040_2644.JPEG (class n02102040, English springer)",
        )
        figure.draw_without_rendering()
        page = figure.bbox.extents
        texts = [axes.title for axes in figure.axes] + [axes.xaxis.label for axes in figure.axes]
        texts += [axes.yaxis.label for axes in figure.axes] + list(figure.texts)
        *_, bar = figure.axes
        texts += bar.texts
        written = [text.get_window_extent().extents for text in texts if text.get_text()]
        maps = [axes.get_window_extent().extents for axes in figure.axes]
    assert len(written) == 14 + 14 + 6 + 1 + 2
    rows = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert [" ".join(row.split()) for row in rows] == [
        f"Integrated Gradients {i}" for i in range(6)
    ]
    boxes = np.array([*written, *maps])
    assert (boxes[:, :2] >= page[:2] - 1).all()
    assert (boxes[:, 2:] <= page[2:] + 1).all()
    for a, b in combinations(boxes, 2):
        assert not ((a[:2] < b[2:] - 0.5).all() and (b[:2] < a[2:] - 0.5).all())
    # square cells of one size, whose width the names need
    cells = boxes[len(written) : -1]  # and the colour bar
    assert np.ptp(cells[:, 2] - cells[:, 0]) < 0.01
