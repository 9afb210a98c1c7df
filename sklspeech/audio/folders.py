"""Which files under a folder are recordings, and which are left out."""

import os
from pathlib import Path
from typing import NamedTuple

from . import containers
from .reading import EXTENSIONS

# Endings of what lies beside recordings and is none.
_NAMES = """
    bak cfg csv ctm db doc docx gif gz html ini ipynb joblib jpeg jpg json jsonl lab log md md5 npy npz pdf pkl png py
    rst sh sha256 srt svg tar textgrid toml trs tsv txt vtt xml yaml yml zip
"""
_NO_RECORDINGS = frozenset(f".{name}" for name in _NAMES.split())

_DOCUMENTS = frozenset(
    ["AUTHORS", "CHANGES", "COPYING", "LICENCE", "LICENSE", "MAKEFILE", "NOTICE", "README", "VERSION"]
)


class Folder(NamedTuple):
    """Paths relative to a folder: recordings, files left out that may be some, and sub-folders of it."""

    recordings: list[Path]
    left_out: list[Path]
    sub_folders: list[str]


def readable_endings():
    """Endings of the files that can be read here.

    Returns
    -------
    endings : set of str
    """
    return EXTENSIONS | containers.ENDINGS if containers.can_decode() else EXTENSIONS


def list_folder(root):
    """List the recordings under a folder. Hidden files, as a Mac leaves them beside others, are none.

    Parameters
    ----------
    root : str or PathLike

    Returns
    -------
    folder : Folder
        Sorted.

    Raises
    ------
    ValueError
        A link leads back to a folder that is listed already.
    OSError
        A folder cannot be read.
    """
    root, endings = Path(root), readable_endings()
    recordings, left_out = [], []
    for folder, names in _walk(root):
        for name in names:
            path = (Path(folder) / name).relative_to(root)
            if any(part.startswith(".") for part in path.parts):
                continue
            ending = path.suffix.lower()
            if ending in endings:
                recordings.append(path)
            elif ending not in _NO_RECORDINGS and path.name.upper() not in _DOCUMENTS:
                left_out.append(path)
    sub_folders = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    return Folder(sorted(recordings), sorted(left_out), sub_folders)


def _raise(error):
    raise error


def _walk(root):
    """(folder, names of its files) of every folder, behind links as well."""
    seen: dict[str, str] = {}
    for folder, _, names in os.walk(root, onerror=_raise, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            raise ValueError(f"{folder} is the same folder as {seen[real]}: its recordings would be listed twice")
        seen[real] = folder
        yield folder, names
