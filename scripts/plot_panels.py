"""Draw images with the maps of every model and method (rule plot_panels)."""

from collections.abc import Mapping

import pandas as pd

from thinkalike.datasets import load_image
from thinkalike.jobs import job_log
from thinkalike.maps import render, rescaled, with_sign
from thinkalike.plotting.panels import Prediction, panel
from thinkalike.plotting.style import save, styled
from thinkalike.stores import read_maps, read_segments, read_table


def main(
    images: str,
    predictions: list[str],
    explanations: Mapping[str, list[str]],
    segments: str | None,
    panels: list[list[str]],
    *,
    models: list[str],
    signs: Mapping[str, str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    selected = read_table(images, ["image_id", "path", "label", "class_name"])
    class_of = selected.drop_duplicates("label").set_index("label")["class_name"]
    shared = read_segments(segments) if segments else None
    maps = {
        method: [with_sign(read_maps(path, shared)[0], signs[method]) for path in paths]
        for method, paths in explanations.items()
    }
    predicted = [read_table(path, ["predicted", "probability", "correct"]) for path in predictions]
    with styled():
        for position, paths in enumerate(panels):
            row = selected.iloc[position]
            rendered = {
                method: [render(rescaled(m, "max_abs"), position) for m in of_models]
                for method, of_models in maps.items()
            }
            frame = next(iter(rendered.values()))[0].shape[0]
            told = [
                Prediction(
                    str(class_of.get(table["predicted"][position], table["predicted"][position])),
                    float(table["probability"][position]),
                    bool(table["correct"][position]),
                )
                for table in predicted
            ]
            figure = panel(
                load_image(row["path"], frame),
                rendered,
                told,
                models=models,
                names=names,
                families=families,
                title=f"{row['image_id']} (class {row['class_name']})",
            )
            table = pd.DataFrame(
                {
                    "image_id": row["image_id"],
                    "class_name": row["class_name"],
                    "model": models,
                    "predicted": [prediction.name for prediction in told],
                    "probability": [prediction.probability for prediction in told],
                    "correct": [prediction.correct for prediction in told],
                    **{
                        f"{method}_{end}": [float(getattr(m, end)()) for m in of_models]
                        for method, of_models in (
                            (name, [render(m, position) for m in maps[name]]) for name in maps
                        )
                        for end in ("min", "max")
                    },
                }
            )
            save(figure, table, paths)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.input.predictions,
            {method: snakemake.input.get(method) for method in snakemake.params.signs},
            snakemake.input.get("segments"),
            [snakemake.output[i : i + 3] for i in range(0, len(snakemake.output), 3)],
            models=snakemake.params.models,
            signs=snakemake.params.signs,
            names=snakemake.params.names,
            families=snakemake.params.families,
        )
