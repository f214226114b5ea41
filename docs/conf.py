"""Build the site of thinkalike: `make docs`, or `sphinx-build -W docs docs/_build`.

Pages are Markdown, read by MyST. Nothing is fetched, neither while the site is built nor by its pages.
"""

import re
import sys
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from docs.tools import docstrings  # noqa: E402  (the path comes first)

project = "thinkalike"
author = "the thinkalike authors"
copyright = author
version = release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_design",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
highlight_language = "text"  # commands and sentences; Python and YAML blocks say so
default_role = "literal"  # names in docstrings stand between single backticks

myst_enable_extensions = ["colon_fence", "attrs_inline"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # `python -m docs.tools.notebook` runs them and keeps what they print

add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
suppress_warnings = ["ref.python"]  # one attribute name, such as `models`, in several classes

html_theme = "pydata_sphinx_theme"
html_title = "thinkalike"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_prev_next": False,
    "secondary_sidebar_items": {
        "**": ["page-toc"],
        # room for pictures and for tables of many columns
        "index": [],
        "gallery": [],
        "reference/configuration": [],
        "reference/targets": [],
    },
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}
html_sidebars = {"index": [], "gallery": []}
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True

EXPLORER = ROOT / "results" / "digits" / "explorer.html"
"""Interactive page of the digits study, which `make demo` makes; part of the site where it is there."""
if EXPLORER.is_file():
    html_extra_path = [str(EXPLORER)]

PAGES = {
    "README.md": "/index.md",
    "CONTRIBUTING.md": "/contributing/contributing.md",
    "CODE_OF_CONDUCT.md": "/contributing/code-of-conduct.md",
    "SECURITY.md": "/contributing/security.md",
    "CHANGELOG.md": "/contributing/changelog.md",
}
"""Page of the checkout outside of docs → page of the site that shows it."""


def link_to_pages_of_the_site(app: Sphinx, page: object, *source: object) -> None:
    """Turn links to pages that the site includes into links to its own."""
    text = source[-1]
    names = "|".join(map(re.escape, PAGES))
    text[0] = re.sub(rf"\]\((?:\.\./)*({names})", lambda link: f"]({PAGES[link[1]]}", text[0])


def left_out(
    app: Sphinx, kind: str, name: str, thing: object, skip: bool, options: object
) -> bool | None:
    """Leave out constants, and methods that scikit-learn adds, which refer to its own site."""
    added = name.startswith("set_") and name.endswith("_request")
    return True if added or name.isupper() else None


def setup(app: Sphinx) -> None:
    if EXPLORER.is_file():
        app.tags.add("explorer")
    app.connect("autodoc-skip-member", left_out)
    app.connect("autodoc-process-docstring", docstrings.prepare)
    app.connect("source-read", link_to_pages_of_the_site)
    app.connect("include-read", link_to_pages_of_the_site)
