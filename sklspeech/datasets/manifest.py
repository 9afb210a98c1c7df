"""Manifests: tables of recordings, labels, speakers, and of segments within recordings."""

import csv
import math
import warnings

from ..audio.source import segment_name
from ..errors import AudioWarning

_COLUMNS = ("path", "label", "text", "speaker", "split", "start", "end")
# Words in the names of columns that may be meant for one of these.
_ALIKE = (
    *("path", "file", "label", "class", "speaker", "client", "user", "split", "subset", "fold", "group"),
    *("start", "begin", "end", "stop", "offset", "onset", "duration"),
)
_SHOWN = 5


def read_manifest(root, manifest, split, target="label"):
    """Read the rows of a manifest.

    Parameters
    ----------
    root : Path
        Folder that paths are relative to.
    manifest : Path
        The table.
    split : str or None
        Only the rows of this split.
    target : {"label", "text"}, default="label"
        The column of what is to be recognized.

    Returns
    -------
    rows : list of (str, str, str)
        Path, or name of a segment; label or text; speaker or "".

    Raises
    ------
    ValueError
        The table lacks a column or a value, names a file that does not exist, or contradicts itself.
    OSError
        It cannot be read.
    """
    columns = {"path", target} | ({"split"} if split is not None else set())
    rows = []
    for line, row in enumerate(_read_csv(manifest, columns), start=2):
        if None in row or None in row.values():
            raise ValueError(f"{manifest} has more or fewer values than columns in row {line}")
        if not row["path"]:
            raise ValueError(f"{manifest} has no path in row {line}")
        if split is not None and row["split"] != split:
            continue
        path = root / row["path"]
        if not path.is_file():
            raise ValueError(f"{manifest} names {path}, which does not exist")
        if not row[target].strip():
            raise ValueError(f"{manifest} has no {target} for {path}")
        rows.append((_clip_name(path, row, manifest, line), row[target], row.get("speaker", "")))
    return _without_contradictions(rows, manifest)


def has_column(manifest, name):
    """Whether a table has a column.

    Parameters
    ----------
    manifest : Path
    name : str

    Returns
    -------
    has_column : bool
    """
    with open(manifest, newline="", encoding="utf-8-sig", errors="replace") as file:
        return name in next(csv.reader(file), [])


def _clip_name(path, row, manifest, line):
    """The path, or the name of the segment."""
    times = row.get("start", ""), row.get("end", "")
    if not any(times):
        return str(path)
    try:
        start, end = map(float, times)
    except ValueError:
        start = end = math.nan
    if not 0 <= start < end < math.inf:
        raise ValueError(f"{manifest} has start {times[0]!r} and end {times[1]!r} in row {line}, expected seconds")
    return segment_name(path, start, end)


def _without_contradictions(rows, manifest):
    """The rows; raises where one clip has two labels or speakers."""
    first: dict[str, tuple] = {}
    for row in rows:
        known = first.setdefault(row[0], row)
        if known != row:
            raise ValueError(f"{manifest} contradicts itself: {row[0]} is {known[1:]}, and {row[1:]}")
    if len(first) < len(rows):
        _warn(f"{manifest} lists {len(rows) - len(first)} recordings more than once")
    return rows


def _read_csv(path, columns):
    """Rows of a table, as dicts."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            names = list(reader.fieldnames or ())
            missing = columns - set(names)
            if missing:
                raise ValueError(f"{path} lacks the columns {sorted(missing)}, it has {names}")
            if len(set(names)) < len(names):
                raise ValueError(f"{path} has columns of the same name: {names}")
            unused = [name for name in names if name not in _COLUMNS and any(word in name.lower() for word in _ALIKE)]
            if unused:
                _warn(f"{path}: columns {unused[:_SHOWN]} are not used; those that are have the names {list(_COLUMNS)}")
            return list(reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no table of comma-separated values in UTF-8: {error}") from error


def _warn(text):
    warnings.warn(AudioWarning(text), stacklevel=6)
