"""The manifest of an archive: what a file says of itself, checked before it is believed."""

import json

from .. import __version__
from ..errors import ArchiveError

FORMAT_VERSION = 1


def check_manifest(content):
    """Read a manifest whose keys all have the right types.

    Parameters
    ----------
    content : bytes
        JSON.

    Returns
    -------
    manifest : dict

    Raises
    ------
    ArchiveError
        It is something else, or of another version.
    """
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"manifest.json is no JSON ({error})") from error
    expect_type(manifest, dict, "manifest.json")
    if manifest.get("format") != "sklspeech":
        raise ArchiveError(f"manifest.json has format {manifest.get('format')!r}, expected 'sklspeech'")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise ArchiveError(
            f"has format version {manifest.get('format_version')!r}, this sklspeech {__version__} reads version "
            f"{FORMAT_VERSION}"
        )
    types = {"created": str, "versions": dict, "sample_rate": int, "labels": list, "steps": list}
    for name, kind in types.items():
        expect_type(manifest.get(name), kind, name)
    _check_labels(manifest["labels"])
    for step in manifest["steps"]:
        expect_type(step, dict, "a step")
        for name, kind in {"name": str, "class": str, "params": dict}.items():
            expect_type(step.get(name), kind, f"{name} of a step")
    return manifest


def expect_type(value, kind, name):
    """Raise ArchiveError where a value is of another type.

    Parameters
    ----------
    value : object
    kind : type
    name : str
        Of the value, for the error.

    Raises
    ------
    ArchiveError
        It is.
    """
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ArchiveError(f"{name} must be {kind.__name__}, got {type(value).__name__}")


def _check_labels(labels):
    if not labels or len({type(label) for label in labels}) != 1 or not isinstance(labels[0], str | int | float):
        raise ArchiveError("labels must be one or more of str, or of numbers")
    if len(set(labels)) != len(labels):
        raise ArchiveError("labels must differ from each other")
