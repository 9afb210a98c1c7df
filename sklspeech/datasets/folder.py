"""load_speech_folder: the recordings under a folder, with labels and speakers."""

import re
import unicodedata
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.utils import Bunch

from ..audio import containers
from ..audio.folders import list_folder
from ..audio.measuring import find_unreadable
from ..errors import AudioWarning
from .manifest import has_column, read_manifest
from .texts import has_texts, read_texts

_BACKGROUND_NOISE = "_background_noise_"
_NAMES_OF_SPLITS = "train training test testing val valid validation dev devel development eval evaluation"
_SPLITS = frozenset(_NAMES_OF_SPLITS.split(" "))
_SHOWN = 5  # names in a message


class Row(NamedTuple):
    """A clip: its path, its label, its speaker or ""."""

    path: str
    label: str
    speaker: str


def load_speech_folder(root, *, pattern=None, manifest=None, split=None, target="auto", on_error="raise"):
    r"""List the recordings under a folder, with a label or a sentence and, where known, a speaker for each.

    The label is the sub-folder of `root` that holds the recording; or it is taken from the path by `pattern`; or it
    stands in a `manifest`. A sentence stands in a manifest as well, in one of JSON lines (``audio_filepath``,
    ``text``), in Kaldi's ``wav.scp`` and ``text``, in LibriSpeech's ``*.trans.txt``, or in a ``.txt`` beside each
    recording. Hidden files and those in ``_background_noise_`` are skipped. Labels and speakers are in Unicode's form
    NFC, because one name has another form on a Mac.

    Parameters
    ----------
    root : str or PathLike
        The folder.
    pattern : str or None, default=None
        Regular expression that is searched in the path relative to `root`, with ``/`` between folders. Its group
        ``label`` is the label, its optional group ``speaker`` the speaker. For Google's Speech Commands:
        ``r"(?P<label>[^/]+)/(?P<speaker>\w+)_nohash_"``.
    manifest : str, PathLike or None, default=None
        CSV file with the columns ``path`` (relative to `root`) and ``label`` or ``text``, and optionally ``speaker``,
        ``split``, and ``start`` and ``end``, in seconds, where the clip is a part of a longer recording; or JSON lines.
        None takes ``root/manifest.csv`` if there is one and `pattern` is None.
    split : str or None, default=None
        Only the rows of the manifest that have this value in their column ``split``.
    target : {"auto", "label", "text"}, default="auto"
        What is to be recognized: labels, or sentences. "auto" takes sentences where there is a manifest without labels
        but with ``text``, or one of the forms above but files beside recordings; and labels else.
    on_error : {"raise", "skip"}, default="raise"
        "raise" reads no recording: what cannot be read is an error where it is used. "skip" reads all of them, leaves
        out those that cannot be read, with one warning that names each, and says so in `failed`.

    Returns
    -------
    speech : Bunch
        - data : ndarray of shape (n,), str; the paths, sorted or in the order of the manifest; that of a part of a
          recording ends in ``#t=start,end``, and is read as that part
        - target : ndarray of shape (n,), str; the labels or sentences
        - groups : ndarray of shape (n,), str, or None; the speakers
        - target_names : list of str; the labels or sentences, sorted, once each
        - failed : list of (str, str); recordings that were left out, and why
        - DESCR : str

    Raises
    ------
    ValueError
        There is no recording; a path does not fit the pattern, or fits within a name; the sub-folders are those of a
        split, such as train and test; the manifest lacks a column, names a file that does not exist, or has rows that
        contradict each other; some recordings have a speaker and others none; both `pattern` and `manifest` are given.
    OSError
        The manifest cannot be read.

    Warns
    -----
    AudioWarning
        Files are left out that may be recordings; a sub-folder has no recording; labels differ in case or blanks
        alone; a column of the manifest that looks like one of the above is not used; a recording is listed twice.

    Examples
    --------
    >>> import tempfile
    >>> from sklspeech import datasets
    >>> with tempfile.TemporaryDirectory() as root:
    ...     _ = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=3, folder=root)
    ...     speech = datasets.load_speech_folder(root, pattern=r"(?P<label>\w+)/(?P<speaker>\w+?)_")
    >>> speech.target_names, len(speech.data), sorted(set(speech.groups.tolist()))
    (['no', 'yes'], 12, ['s00', 's01'])
    """
    root = Path(root)
    if not root.is_dir():
        raise ValueError(f"{root} is not a folder")
    if manifest is not None and pattern is not None:
        raise ValueError(f"labels come from the manifest or from the pattern, got {manifest!s} and {pattern!r}")
    if manifest is None and pattern is None and (root / "manifest.csv").is_file():
        manifest = root / "manifest.csv"
    wants_texts = _wants_texts(root, pattern, manifest, target)
    is_csv = manifest is not None and Path(manifest).suffix not in (".json", ".jsonl")
    if is_csv:
        column = "text" if wants_texts else "label"
        rows = [Row(*row) for row in read_manifest(root, Path(manifest), split, column)]
    elif split is not None:
        raise ValueError(f"split={split!r} needs a manifest with a column split, {root} has no manifest.csv")
    elif wants_texts:
        rows = [Row(*row) for row in read_texts(root, None if manifest is None else Path(manifest))]
    else:
        rows = _from_files(root, pattern)
    if not rows:
        raise ValueError(f"no recordings found in {root}" + (f" with split={split!r}" if split else ""))
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error must be 'raise' or 'skip', got {on_error!r}")
    rows = [Row(path, _composed(label), _composed(speaker)) for path, label, speaker in rows]
    rows, failed = _readable(rows) if on_error == "skip" else (rows, [])
    known = {row.speaker for row in rows if row.speaker}
    n_unknown = sum(not row.speaker for row in rows)
    if known and n_unknown:
        raise ValueError(f"{n_unknown} of {len(rows)} recordings in {root} have no speaker, the others do")
    names = sorted({row.label for row in rows})
    if not wants_texts:
        _warn_of_spellings(names)
    kind = "different sentences" if wants_texts else "classes"
    return Bunch(
        data=np.array([row.path for row in rows]),
        target=np.array([row.label for row in rows]),
        groups=np.array([row.speaker for row in rows]) if known else None,
        target_names=names,
        failed=failed,
        DESCR=f"{len(rows)} recordings of {len(names)} {kind} by {len(known) or 'unknown'} speakers in {root}",
    )


def _readable(rows):
    """Rows of recordings that can be read, and what is wrong with the others."""
    faults = dict(find_unreadable([row.path for row in rows]))
    if len(faults) == len(rows):
        raise ValueError(f"none of {len(rows)} recordings can be read: {rows[0].path}: {faults[rows[0].path]}")
    if faults:
        listed = "; ".join(f"{path}: {fault}" for path, fault in faults.items())
        _warn(f"{len(faults)} of {len(rows)} recordings cannot be read, and are left out: {listed}")
    return [row for row in rows if row.path not in faults], list(faults.items())


def _wants_texts(root, pattern, manifest, target):
    """Whether sentences are asked for, not labels."""
    if target not in ("auto", "label", "text"):
        raise ValueError(f"target must be 'auto', 'label' or 'text', got {target!r}")
    if target != "auto" or pattern is not None:
        return target == "text"
    if manifest is None:
        return has_texts(root)
    if Path(manifest).suffix in (".json", ".jsonl"):
        return True
    return has_column(manifest, "text") and not has_column(manifest, "label")


def _composed(text):
    return unicodedata.normalize("NFC", text)


def _warn_of_spellings(labels):
    """Warn where labels differ in case or blanks alone."""
    alike = defaultdict(list)
    for label in labels:
        alike[" ".join(label.casefold().split())].append(label)
    several = [group for group in alike.values() if len(group) > 1]
    if several:
        _warn(f"labels that differ in case or blanks alone are different classes: {several[:_SHOWN]}")


def _from_files(root, pattern):
    """The row of every recording."""
    folder = list_folder(root)
    names = [name for name in folder.recordings if _BACKGROUND_NOISE not in name.parts]
    left_out = [name for name in folder.left_out if _BACKGROUND_NOISE not in name.parts]
    problem = _describe_left_out(left_out)
    if not names and problem:
        raise ValueError(f"no recordings found in {root}: {problem}")
    if problem:
        _warn(f"{root}: {problem}")
    rows = [Row(str(root / name), *_label_and_speaker(name, pattern)) for name in names]
    if pattern is None:
        labels = {row.label for row in rows}
        _check_no_splits(root, names, labels)
        empty = sorted({_composed(name) for name in folder.sub_folders} - {*map(_composed, labels), _BACKGROUND_NOISE})
        if empty and rows:
            _warn(f"{root}: {len(empty)} sub-folders have no recording, and are no classes: {empty[:_SHOWN]}")
    return rows


def _describe_left_out(paths):
    """How many files are left out, by their ending, or ""."""
    if not paths:
        return ""
    counts = Counter(path.suffix.lower() for path in paths)
    endings = ", ".join(f"{n} {ending or 'without ending'}" for ending, n in counts.most_common(_SHOWN))
    text = f"{len(paths)} files are left out, because their format is none that can be read: {endings} ({paths[0]})"
    if set(counts) & containers.ENDINGS:
        text += ". With PyAV they are read: pip install 'sklspeech[av]'"
    return text


def _check_no_splits(root, names, labels):
    """Raise where the sub-folders are parts of a data set, not labels."""
    splits = sorted(label for label in labels if label.casefold() in _SPLITS)
    if splits and all(len(name.parts) > 2 for name in names if name.parts[0] in splits):
        raise ValueError(
            f"the sub-folders {splits} of {root} look like parts of a data set, not like labels: load "
            f"{root / splits[0]}, or give a pattern such as r'{splits[0]}/(?P<label>[^/]+)/'"
        )


def _label_and_speaker(name, pattern):
    if pattern is None:
        if len(name.parts) == 1:
            raise ValueError(f"{name} lies in no sub-folder that could be its label; sort recordings or give a pattern")
        return name.parts[0], ""
    path = name.as_posix()
    try:
        match = re.search(pattern, path)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    found = match.groupdict() if match else {}
    if not match or not found.get("label"):
        raise ValueError(f"{path} does not fit the pattern {pattern!r} with its group label")
    for group in ("label", "speaker"):
        begins_match = found.get(group) and match.start(group) == match.start()
        if begins_match and match.start() and path[match.start() - 1] != "/":
            raise ValueError(
                f"{path} fits the pattern {pattern!r} within a name: its {group} would be {found[group]!r}. Begin the "
                f"pattern with (?:^|/), and have its group take all that a name may have, such as [^/]+"
            )
    return found["label"], found.get("speaker") or ""


def _warn(text):
    warnings.warn(AudioWarning(text), stacklevel=4)
