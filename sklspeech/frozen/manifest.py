"""The manifest of an archive: what a file says of itself, checked before it is believed."""

import json
import math

from .. import __version__
from ..errors import ArchiveError

FORMAT_VERSION = 1
_TYPES = {
    "format": str,
    "format_version": int,
    "created": str,
    "versions": dict,
    "sample_rate": int,
    "labels": list,
    "steps": list,
}
AROUND = "RejectOption", "WordSpotter"  # what may be around a pipeline
_OPTIONAL = {"sha256", "around"}
_MAX_TEXT = 1000  # characters of a value that is shown
_MAX_LABEL = 200  # characters: NumPy gives every label of an array the room of the longest


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
        manifest = json.loads(content, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"manifest.json is no JSON ({error})") from error
    expect_type(manifest, dict, "manifest.json")
    if manifest.get("format") != "sklspeech":
        raise ArchiveError(f"manifest.json has format {manifest.get('format')!r}, expected 'sklspeech'")
    if manifest.get("format_version") != FORMAT_VERSION or isinstance(manifest["format_version"], bool):
        raise ArchiveError(
            f"has format version {manifest.get('format_version')!r}, this sklspeech {__version__} reads version "
            f"{FORMAT_VERSION}"
        )
    expect_keys(manifest, set(_TYPES) | (_OPTIONAL & set(manifest)), "manifest.json")
    for name, kind in _TYPES.items():
        expect_type(manifest[name], kind, name)
    expect_type(manifest.get("sha256", ""), str, "sha256")
    for name, version in manifest["versions"].items():
        expect_type(version, str, f"version of {name}")
    if any(len(text) > _MAX_TEXT for text in (manifest["created"], *manifest["versions"].values())):
        raise ArchiveError(f"created and versions must have {_MAX_TEXT} characters or fewer")
    _check_labels(manifest["labels"])
    if "around" in manifest:
        _check_around(manifest["around"])
    for step in manifest["steps"]:
        expect_type(step, dict, "a step")
        for name, kind in {"name": str, "class": str, "params": dict}.items():
            expect_type(step.get(name), kind, f"{name} of a step")
        expect_keys(step, {"name", "class", "params"} | ({"fitted"} & set(step)), "a step")
    return manifest


def check_fitted_length(fitted, duration, sample_rate):
    """Check what features have learned: their length follows from their duration.

    Parameters
    ----------
    fitted : object
        ``duration_`` and ``n_samples_``.
    duration : float, "auto" or None
        The parameter, checked already.
    sample_rate : int

    Raises
    ------
    ArchiveError
        It is something else, or contradicts the parameter.
    """
    expect_type(fitted, dict, "fitted of a step")
    expect_keys(fitted, {"duration_", "n_samples_"}, "fitted of a step")
    seconds, n_samples = fitted["duration_"], fitted["n_samples_"]
    if duration is None:
        is_right = seconds is None and n_samples is None
    else:
        is_number = type(seconds) in (int, float) and type(n_samples) is int and 0 < seconds < math.inf
        is_right = is_number and n_samples == max(1, round(float(seconds) * sample_rate))
        is_right = is_right and duration in ("auto", seconds)
    if not is_right:
        raise ArchiveError(f"duration_ {seconds!r} and n_samples_ {n_samples!r} do not fit duration={duration!r}")


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
        raise ArchiveError(f"{name[:100]} must be {kind.__name__}, got {type(value).__name__}")


def expect_keys(value, names, name):
    """Raise ArchiveError where a dictionary has other keys.

    Parameters
    ----------
    value : dict
    names : iterable of str
    name : str
        Of the dictionary, for the error.

    Raises
    ------
    ArchiveError
        It has.
    """
    other = sorted(set(value) ^ set(names))
    if other:
        raise ArchiveError(f"{name} lacks or has no use for {str(other[:5])[:300]}")


def _check_around(around):
    """Check the form of what is around the pipeline; its values are for `around.build` to check."""
    expect_type(around, dict, "around")
    expect_keys(around, {"class", "params", "fitted", "is_kept_fitted"}, "around")
    if around["class"] not in AROUND:
        raise ArchiveError(f"around is {str(around['class'])[:100]!r}, expected one of {AROUND}")
    expect_type(around["params"], dict, "params of around")
    expect_type(around["fitted"], dict, "fitted of around")
    if not isinstance(around["is_kept_fitted"], bool):
        raise ArchiveError("is_kept_fitted of around must be true or false")


def check_label(label):
    """Raise where a label is too long.

    Parameters
    ----------
    label : str, int or float

    Raises
    ------
    ArchiveError
        It is.
    """
    if isinstance(label, str) and len(label) > _MAX_LABEL:
        raise ArchiveError(f"labels must have {_MAX_LABEL} characters or fewer, got {len(label)}")


def _check_labels(labels):
    if not labels or len({type(label) for label in labels}) != 1 or not isinstance(labels[0], str | int | float):
        raise ArchiveError("labels must be one or more of str, or of numbers")
    if len(set(labels)) != len(labels):
        raise ArchiveError("labels must differ from each other")
    for label in labels:
        check_label(label)


def _without_duplicates(pairs):
    """An object of JSON; readers differ in which of two values of one name they take."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a name is there twice")
    return value


def _refuse_constant(name):
    raise ValueError(f"{name} is no number")
