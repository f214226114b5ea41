"""The study, its paths, and the functions that rules look things up with. No rules."""

import os
from functools import cache
from itertools import product
from pathlib import Path

from snakemake.exceptions import WorkflowError

import thinkalike
from thinkalike.errors import InputError
from thinkalike.images.blocks import shard, shard_count
from thinkalike.images.listing import folder_listing
from thinkalike.workflow.config.checks import JOINT
from thinkalike.workflow.config.resolve import resolve
from thinkalike.workflow.config.settings import COMPARED, images_of as _images_of, size_of
from thinkalike.workflow.fingerprint import fingerprint as _fingerprint

if Path(thinkalike.__file__).parents[1] != Path(workflow.basedir):
    raise WorkflowError(
        f"another package named thinkalike is installed at {thinkalike.__file__} and hides "
        f"the one in {workflow.basedir}; uninstall it"
    )

try:
    study = resolve(config)
except InputError as error:
    raise WorkflowError(f"The configuration cannot be used:\n{error}") from None


# all images, and the first so many of them
NESTED = ["all", *(subset for subset in study["subsets"] if subset.startswith("all_"))]
# subsets that are clustered. Where two models agree on all images, their cell in `differing` is missing;
# too few models would be left.
CLUSTERED = [subset for subset in study["subsets"] if not subset.startswith("differing")]
# subsets of all images, not of the first so many
WHOLE = [subset for subset in study["subsets"] if "_" not in subset]

# Jobs load files. The hubs are asked by download_weights alone, on the machine that calls Snakemake.
os.environ.update(HF_HUB_OFFLINE="1")


# Figures of NEON: of published examples, of the models' clusters, and of whether it is right.
NEON_FIGURES = {
    "tables": [f"<results>/figures/neon/{name}.svg" for name in ("iris", "wine")],
    "features": [
        *(["<results>/figures/neon/quality.svg"] if study["neon"]["models"] else []),
        *(f"<results>/figures/neon/galleries/{model}.svg" for model in study["neon"]["models"]),
    ],
    "evaluation": [
        f"<results>/figures/neon/{name}.svg" for name in ("flipping", "areas", "betas", "planted")
    ],
}


# What is clustered: the maps of each model, and of all together.
SPECTRAL_CASES = [
    *study["spectral"]["models"],
    *(
        [JOINT]
        if study["spectral"]["joint"] and study["spectral"]["models"][1:]
        else []
    ),
]
SPECTRAL_FIGURES = [
    f"<results>/figures/spectral/{name}.svg"
    for name in [
        *(
            f"{case}/{figure}"
            for case in SPECTRAL_CASES
            for figure in ("embeddings", "spectra", "agreement", "clusters")
        ),
        *(["choices"] if SPECTRAL_CASES else []),
    ]
]


pathvars:
    results=f"results/{study['study']}",
    dataset=f"resources/datasets/{study['dataset']['name']}",
    logs=f"results/{study['study']}/logs",
    benchmarks=f"results/{study['study']}/benchmarks",


wildcard_constraints:
    model="|".join(study["models"]),
    method="[a-z][a-z0-9_]*",
    metric="[a-z]+",
    subset="(all|matching|differing)(_[0-9]+)?",
    panels="[a-z][a-z0-9_]*",
    position="[0-9]+",
    shard="[0-9]+",
    row="[0-9]+",
    column="[0-9]+",
    case="[a-z][a-z0-9_]*",


@cache
def fingerprint(script, *modules):
    """Hash of a script and of the library code that it reaches: a rule's `code` parameter."""
    try:
        return _fingerprint(script, *modules)
    except InputError as error:
        raise WorkflowError(str(error)) from None


def code_of(script, *modules):
    """A parameter function: the same, found when the job is; each starts a Snakemake of its own."""
    return lambda wildcards: fingerprint(script, *modules)


def setting(*path):
    """One leaf of the study's configuration, so that only its users depend on it."""
    value = study
    for key in path:
        value = value[key]
    return value


class UserText(str):
    """A text of the user's in a parameter; scripts get it as a plain string.

    Snakemake's report writes parameters, printed, into a script of its page, which a `</script>` in
    one of them would end. Printed, this one has no `<`.
    """

    def __repr__(self):
        return super().__repr__().replace("<", r"\x3c")

    def __str__(self):
        return self[:].replace("<", r"\x3c")

    def __format__(self, specification):
        return format(str(self), specification)

    def __reduce__(self):
        return str, (self[:],)


def verbatim(value):
    """A parameter as the user wrote it: in a plain string Snakemake would take braces for wildcards."""
    value = UserText(value) if isinstance(value, str) else value
    return lambda wildcards: value


def method_setting(key):
    """A parameter function: one setting of the method in the wildcards."""
    return lambda wildcards: setting("settings", wildcards.method, key)


def every(pattern, **wildcards):
    """The pattern for all models, methods, metrics and subsets of the study that it names.

    A method that explains fewer images than a subset like all_64 has no such subset.
    """
    names = {
        "model": study["models"],
        "method": study["methods"],
        "metric": study["metrics"],
        "subset": study["subsets"],
    }
    used = {key: values for key, values in names.items() if f"{{{key}}}" in pattern}
    used |= {key: v if isinstance(v, list) else [v] for key, v in wildcards.items()}
    return [
        pattern.format(**dict(zip(used, values)))
        for values in product(*used.values())
        if _there_is(**dict(zip(used, values)))
    ]


def _there_is(method=None, subset=None, **_):
    number = subset and size_of(subset)
    return method is None or number is None or number < images_of(method)


def images_of(method):
    """How many images a method explains."""
    return images_of(setting("settings", method), setting("images", "count"))


def explained(method):
    """The method or variant whose maps this one compares: its own, if it asks for others."""
    settings = setting("settings", method)
    base = settings["method"]
    others = setting("settings", base)
    changed = [key for key in settings if settings[key] != others[key]]
    enough = images_of(method) <= images_of(base)
    return base if enough and set(changed) <= set(COMPARED) else method


# Models whose maps a job compares with each other, or with those of another group.
GROUPS = [
    study["models"][first : first + setting("similarity", "group")]
    for first in range(0, len(study["models"]), setting("similarity", "group"))
]
# The file of one of several such jobs says which.
TILE = "{metric}/{row}_{column}" if GROUPS[1:] else "{metric}"


def group_of(wildcards, side):
    """The models of a group: that of the rows, or of the columns; all, where there is one."""
    return GROUPS[int(wildcards.get(side, 0))]


def others_of(wildcards):
    """The models of the other group; none, where a group is compared with itself."""
    row, column = (wildcards.get(side, 0) for side in ("row", "column"))
    return [] if row == column else group_of(wildcards, "column")


def maps_of_others(wildcards):
    """Files of their maps."""
    others = others_of(wildcards)
    return maps_of(wildcards.method, others) if others else []


def tiles_of(wildcards):
    """The similarities of every two groups."""
    return [
        f"<results>/similarity/{wildcards.method}/{wildcards.metric}/{row}_{column}.nc"
        for column in range(len(GROUPS))
        for row in range(column + 1)
    ]


# The images of a model may be shared by several jobs; the file of one says which.
SHARDED = setting("images", "shards") > 1
SHARD = "{model}/{shard}" if SHARDED else "{model}"


def maps_file():
    """Where the maps of one model by one method go, or those of a shard, which do not stay."""
    if SHARDED:
        return temp("<results>/shards/{method}/{model}/{shard}.nc")
    return "<results>/explanations/{method}/{model}.nc"


def shards_of(wildcards):
    """The files of all shards of one model's maps."""
    number = shard_count(images_of(wildcards.method), setting("images", "shards"))
    return [f"<results>/shards/{wildcards.method}/{wildcards.model}/{k}.nc" for k in range(number)]


def part_of(wildcards):
    """The first image that a job explains, and the first that it does not."""
    number = int(wildcards.get("shard", 0))
    images = shard(images_of(wildcards.method), setting("images", "shards"), number)
    return [images.start, images.stop]


def maps_of(method, models=None):
    """Files of the maps of all models, or of some, by one method."""
    return every(
        "<results>/explanations/{method}/{model}.nc",
        method=explained(method),
        model=models or study["models"],
    )


def panel_files(name):
    """The files of a set of panels, to be asked for: only a rule's output says how they are reported."""
    return [str(path) for path in panel_figures(name)]


def panel_figures(name):
    """SVG, PNG and CSV of every figure of a set of panels, one after the other."""
    return [
        path
        for position in range(setting("figures", "panels", name, "count"))
        for path in figure(
            f"panels/{name}/{position:03d}",
            "panel",
            "2 Explanations",
            name,
            figure=f"image {position:03d}",
        )
    ]


def architecture(wildcards):
    """What building the network of a model takes; not its display name, not its training."""
    return architecture_of(wildcards.model)


def architecture_of(model):
    """The same, by name."""
    entry = setting("catalogue", model)
    return {"name": model, "timm": entry["timm"], "arguments": entry.get("arguments", {})}


def explained_architecture(wildcards):
    """The same, and for Grad-CAM where its maps come from."""
    return architecture_explained_by(wildcards.method, wildcards.model)


def architecture_explained_by(method, model):
    """The same, by name."""
    settings = setting("settings", method)
    if settings["method"] != "gradcam":
        return architecture_of(model)
    return gradcam_architecture(model, settings["depth"])


def gradcam_architecture(model, depth):
    """The same, by name, with the target layer at a depth."""
    entry = setting("catalogue", model)
    layer = f"depth_{depth}"
    return {
        **architecture_of(model),
        "layout": entry["layout"],
        "prefix": entry.get("prefix", 0),
        "layers": {layer: entry["layers"][layer]},
    }


def asked(wildcards):
    """The settings that change a method's maps; the others only change how maps are compared."""
    return asked_of(wildcards.method, wildcards.model)


def asked_of(method, model):
    """The same, by name."""
    settings = setting("settings", method)
    match settings["method"]:
        case "gradcam":
            return {"depth": settings["depth"], "mended": settings["mended_cells"].get(model, [])}
        case "integrated_gradients":
            return {key: settings[key] for key in ("tolerance", "most_steps")}
        case "lrp":
            family = setting("catalogue", model, "family")
            return {"composite": settings["composites"][family]}
    return {"evaluations": settings["evaluations"]}


def code_of_explaining(wildcards):
    """The fingerprint of explain_images, which chooses the method's module at run time."""
    method = setting("settings", wildcards.method, "method")
    return fingerprint("explain_images.py", f"thinkalike.explain.{method}")


def asked_in_full(wildcards):
    """All that the maps of a model by a method depend on, but files."""
    method = wildcards.method
    return {
        "code": code_of_explaining(wildcards),
        "number": images_of(method),
        "architecture": explained_architecture(wildcards),
        "settings": asked(wildcards),
        "explanation": explanation_of(wildcards),
        "size": setting("images", "size"),
        "seed": setting("seed"),
    }


def mended(wildcards):
    """The cells of a model's Grad-CAM layer that are replaced."""
    return setting("settings", "gradcam", "mended_cells").get(wildcards.model, [])


def explanation_of(wildcards):
    """What all methods are asked; the baseline only those that take pixels away."""
    return explanation_by(wildcards.method)


def explanation_by(method):
    """The same, by name."""
    explanation = setting("explanation")
    is_gradcam = setting("settings", method, "method") == "gradcam"
    return {**explanation, "baseline": []} if is_gradcam else explanation


def segments_of(wildcards):
    """The superpixels, for the method that uses them."""
    uses = setting("settings", wildcards.method, "method") == "kernelshap"
    return "<results>/segments.nc" if uses else []


def weights_of(wildcards):
    """The weights of a model, from wherever the study has them."""
    return weights_file(wildcards.model)


def weights_file(model):
    """The same, by name: what is downloaded is shared by all studies."""
    folder = {
        "pretrained": "resources/weights",
        "random": "<results>/weights/random",
    }.get(setting("catalogue", model, "weights"), "<results>/weights")
    return f"{folder}/{model}.safetensors"


def first_weights(wildcards):
    """What a model is fine-tuned from; in a study of random weights there is nothing to download."""
    folder = "<results>/weights/random" if study["weights"] == "random" else "resources/weights"
    return f"{folder}/{wildcards.model}.safetensors"


def made_by(weights):
    """A wildcard constraint: the models whose weights come from there."""
    names = [m for m in study["models"] if setting("catalogue", m, "weights") == weights]
    return "|".join(names) or "nothing"


def clusters_of(pattern):
    """A file for each of the models whose features are clustered."""
    return every(pattern, model=study["neon"]["models"])


def models_in(case):
    """The models whose maps are clustered together."""
    return study["spectral"]["models"] if case == JOINT else [case]


def name_of_case(case):
    """A model's display name, or what all of them are called together."""
    return "All together" if case == JOINT else names()[case]


def predictions_of(wildcards):
    """All predictions, for the subsets that need them."""
    needed = not wildcards.subset.startswith("all")
    return every("<results>/predictions/{model}.parquet") if needed else []


def untrained():
    """The controls with random weights."""
    catalogue = setting("catalogue")
    return [
        model
        for model in study["models"]
        if catalogue[model]["weights"] == "random"
        or (
            catalogue[model]["weights"] == "trained" and catalogue[model]["training"]["epochs"] == 0
        )
    ]


def names():
    """Model → display name."""
    return {model: UserText(setting("catalogue", model, "name")) for model in study["models"]}


def families():
    """Model → family."""
    return {model: setting("catalogue", model)["family"] for model in study["models"]}


def accuracy_asked():
    """The accuracy that models trained here must have; 0 where none are."""
    section = {"trained": "training", "finetuned": "finetuning"}.get(study["weights"])
    return setting(section, "accuracy_at_least") if section else 0


def gallery_figures():
    """SVG, PNG and CSV of the gallery of every model whose features are clustered."""
    return [
        path
        for model in study["neon"]["models"]
        for path in figure(f"neon/galleries/{model}", "gallery", "6 NEON", "galleries", model=model)
    ]


def figure(stem, caption, category, subcategory=None, **labels):
    """The files of one figure: SVG (in the report), PNG, and the CSV behind it."""
    svg = report(
        f"<results>/figures/{stem}.svg",
        caption=f"../report/{caption}.rst",
        category=category,
        subcategory=subcategory,
        labels=labels,
    )
    return [svg, f"<results>/figures/{stem}.png", f"<results>/figures/{stem}.csv"]
