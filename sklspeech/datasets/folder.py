"""load_speech_folder: the recordings under a folder, with labels and speakers."""

import csv
import os
import re
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from ..audio.reading import EXTENSIONS

_BACKGROUND_NOISE = "_background_noise_"


def load_speech_folder(root, *, pattern=None, manifest=None, split=None):
    r"""List the recordings under a folder, with a label and, where known, a speaker for each.

    The label is the sub-folder of `root` that holds the recording; or it is taken from the path by `pattern`; or it
    stands in a `manifest`. Files that are no recordings, hidden ones and those in ``_background_noise_`` are skipped.

    Parameters
    ----------
    root : str or PathLike
        The folder.
    pattern : str or None, default=None
        Regular expression that is searched in the path relative to `root`, with ``/`` between folders. Its group
        ``label`` is the label, its optional group ``speaker`` the speaker. For Google's Speech Commands:
        ``r"(?P<label>\w+)/(?P<speaker>\w+)_nohash_"``.
    manifest : str, PathLike or None, default=None
        CSV file with the columns ``path`` (relative to `root`) and ``label``, and optionally ``speaker`` and
        ``split``. None takes ``root/manifest.csv`` if there is one and `pattern` is None.
    split : str or None, default=None
        Only the rows of the manifest that have this value in their column ``split``.

    Returns
    -------
    speech : Bunch
        - data : ndarray of shape (n,), str; the paths, sorted or in the order of the manifest
        - target : ndarray of shape (n,), str; the labels
        - groups : ndarray of shape (n,), str, or None; the speakers
        - target_names : list of str; the labels, sorted, once each
        - DESCR : str

    Raises
    ------
    ValueError
        There is no recording; a path does not fit the pattern; the manifest lacks a column or names a file that does
        not exist; some recordings have a speaker and others none; both `pattern` and `manifest` are given.
    OSError
        The manifest cannot be read.

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
    if manifest is not None:
        rows = _from_manifest(root, Path(manifest), split)
    elif split is not None:
        raise ValueError(f"split={split!r} needs a manifest with a column split, {root} has no manifest.csv")
    else:
        rows = _from_files(root, pattern)
    if not rows:
        raise ValueError(f"no recordings found in {root}" + (f" with split={split!r}" if split else ""))
    paths, labels, speakers = zip(*rows, strict=True)
    names = sorted(set(labels))
    known = [speaker for speaker in speakers if speaker]
    if known and len(known) < len(rows):
        raise ValueError(f"{len(rows) - len(known)} of {len(rows)} recordings in {root} have no speaker, the others do")
    return Bunch(
        data=np.array(paths),
        target=np.array(labels),
        groups=np.array(speakers) if known else None,
        target_names=names,
        DESCR=f"{len(rows)} recordings of {len(names)} classes by {len(set(known)) or 'unknown'} speakers in {root}",
    )


def _from_manifest(root, manifest, split):
    """(path, label, speaker) of every row."""
    columns = {"path", "label"} | ({"split"} if split is not None else set())
    rows = []
    for line, row in enumerate(_read_csv(manifest, columns), start=2):
        if not row["path"]:
            raise ValueError(f"{manifest} has no path in row {line}")
        if split is None or row["split"] == split:
            rows.append((root / row["path"], row["label"], row.get("speaker") or ""))
    for path, label, _ in rows:
        if not path.is_file():
            raise ValueError(f"{manifest} names {path}, which does not exist")
        if not label:
            raise ValueError(f"{manifest} has no label for {path}")
    return [(str(path), label, speaker) for path, label, speaker in rows]


def _read_csv(path, columns):
    """Rows of a table, as dicts."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = columns - set(reader.fieldnames or ())
            if missing:
                raise ValueError(f"{path} lacks the columns {sorted(missing)}, it has {reader.fieldnames}")
            return list(reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no table of comma-separated values in UTF-8: {error}") from error


def _from_files(root, pattern):
    """(path, label, speaker) of every recording."""
    files = sorted(Path(folder) / name for folder, names in _folders(root) for name in names)
    names = [path.relative_to(root) for path in files if path.suffix.lower() in EXTENSIONS]
    kept = [name for name in names if not any(part == _BACKGROUND_NOISE or part[0] == "." for part in name.parts)]
    return [(str(root / name), *_label_and_speaker(name, pattern)) for name in kept]


def _folders(root):
    """(folder, names of its files) of every folder, behind links as well."""
    seen: dict[str, str] = {}
    for folder, _, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            raise ValueError(f"{folder} is the same folder as {seen[real]}: its recordings would be listed twice")
        seen[real] = folder
        yield folder, names


def _label_and_speaker(name, pattern):
    if pattern is None:
        if len(name.parts) == 1:
            raise ValueError(f"{name} lies in no sub-folder that could be its label; sort recordings or give a pattern")
        return name.parts[0], ""
    try:
        match = re.search(pattern, name.as_posix())
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    found = match.groupdict() if match else {}
    if not found.get("label"):
        raise ValueError(f"{name.as_posix()} does not fit the pattern {pattern!r} with its group label")
    return found["label"], found.get("speaker") or ""
