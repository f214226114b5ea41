"""The study, its paths, and the functions that rules look things up with. No rules."""

from pathlib import Path

from snakemake.exceptions import WorkflowError

import thinkalike.config
from thinkalike.errors import InputError
from thinkalike.fingerprint import fingerprint as _fingerprint

if Path(thinkalike.config.__file__).parents[1] != Path(workflow.basedir):
    raise WorkflowError(
        f"another package named thinkalike is installed at {thinkalike.config.__file__} and hides "
        f"the one in {workflow.basedir}; uninstall it"
    )

try:
    study = thinkalike.config.resolve(config)
except InputError as error:
    raise WorkflowError(f"The configuration cannot be used:\n{error}") from None


pathvars:
    results=f"results/{study['study']}",
    dataset=f"resources/datasets/{study['dataset']['name']}",
    logs=f"results/{study['study']}/logs",
    benchmarks=f"results/{study['study']}/benchmarks",


wildcard_constraints:
    model="[a-z][a-z0-9_]*",
    method="[a-z][a-z0-9_]*",
    metric="[a-z]+",
    subset="[a-z]+",
    position="[0-9]+",


def fingerprint(script, *modules):
    """Hash of a script and of the library code that it reaches: a rule's `code` parameter."""
    try:
        return _fingerprint(script, *modules)
    except InputError as error:
        raise WorkflowError(str(error)) from None


def setting(*path):
    """One leaf of the study's configuration, so that only its users depend on it."""
    value = study
    for key in path:
        value = value[key]
    return value


def method_setting(key):
    """A parameter function: one setting of the method in the wildcards."""
    return lambda wildcards: setting("settings", wildcards.method, key)


def every(pattern, **wildcards):
    """The pattern for all models, methods, metrics and subsets of the study that it names."""
    names = {
        "model": study["models"],
        "method": study["methods"],
        "metric": study["metrics"],
        "subset": study["subsets"],
        "position": [f"{i:03d}" for i in range(study["figures"]["panels"])],
    }
    used = {key: values for key, values in names.items() if f"{{{key}}}" in pattern}
    return expand(pattern, **{**used, **wildcards})


def architecture(wildcards):
    """What building the network of a model takes; not its display name, not its training."""
    return architecture_of(wildcards.model)


def architecture_of(model):
    """The same, by name."""
    entry = setting("catalogue", model)
    return {"name": model, "timm": entry["timm"], "arguments": entry.get("arguments", {})}


def explained_architecture(wildcards):
    """The same, and for Grad-CAM where its maps come from."""
    if wildcards.method != "gradcam":
        return architecture(wildcards)
    entry = setting("catalogue", wildcards.model)
    layer = f"depth_{setting('settings', 'gradcam', 'depth')}"
    return {
        **architecture(wildcards),
        "layout": entry["layout"],
        "prefix": entry.get("prefix", 0),
        "layers": {layer: entry["layers"][layer]},
    }


# the settings that change a method's maps; the others only change how maps are compared
ASKED = {
    "gradcam": ["depth"],
    "integrated_gradients": ["tolerance", "most_steps"],
    "kernelshap": ["evaluations"],
}


def asked(wildcards):
    """The settings that change a method's maps."""
    settings = setting("settings", wildcards.method)
    return {key: settings[key] for key in ASKED[wildcards.method]}


def explanation_of(wildcards):
    """What all methods are asked; the baseline only those that take pixels away."""
    explanation = setting("explanation")
    return {**explanation, "baseline": []} if wildcards.method == "gradcam" else explanation


def segments_of(wildcards):
    """The superpixels, for the method that uses them."""
    return "<results>/segments.nc" if wildcards.method == "kernelshap" else []


def predictions_of(wildcards):
    """All predictions, for the subset that needs them."""
    return every("<results>/predictions/{model}.parquet") if wildcards.subset == "matching" else []


def untrained():
    """The controls with random weights."""
    return [m for m in study["models"] if setting("catalogue", m, "training", "epochs") == 0]


def names():
    """Model → display name."""
    return {model: setting("catalogue", model)["name"] for model in study["models"]}


def families():
    """Model → family."""
    return {model: setting("catalogue", model)["family"] for model in study["models"]}


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
