"""Sphinx configuration: sphinx-build -W docs docs/_build."""

import logging
import warnings

import sklspeech

# Neither belongs on a page: remarks on made-up clips, and on every network that is traced.
warnings.filterwarnings("ignore", category=UserWarning)
for name in ("tensorflow", "tf2onnx"):
    logging.getLogger(name).setLevel(logging.ERROR)

project = "sklspeech"
author = "the sklspeech developers"
copyright = "the sklspeech developers, BSD-3-Clause"
version = release = sklspeech.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = f"sklspeech {release}"
html_theme_options = {"navigation_with_keys": True}

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say types and shapes
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
default_role = "code"
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "FileNameSortKey",
    "filename_pattern": "/plot_",
    "download_all_examples": False,
    "show_memory": False,
    "abort_on_example_error": True,
}
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3


def _skip_routing(app, what, name, obj, skip, options):
    """Leave out what scikit-learn generates for metadata routing, which links to its own pages."""
    return skip or name == "get_metadata_routing" or (name.startswith("set_") and name.endswith("_request"))


def setup(app):
    """Connect the hooks."""
    app.connect("autodoc-skip-member", _skip_routing)
