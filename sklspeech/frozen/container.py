"""The zip file of an archive: complete, bounded in size, and nothing else's file."""

import io
import zipfile

from ..errors import ArchiveError

FILES = ("manifest.json", "network.onnx", "input.npy", "output.npy")
OF_EMBEDDING = "features.onnx"  # the graph of SpeechEmbedding, in archives with one
OF_TRANSCRIBER = "decoder.json"  # symbols, language model and how sentences are found, in archives of a transcriber
_OPTIONAL = frozenset([OF_EMBEDDING, OF_TRANSCRIBER])
MAX_BYTES = {
    "manifest.json": 2**20,
    "network.onnx": 2**28,
    "input.npy": 2**26,
    "output.npy": 2**20,
    OF_EMBEDDING: 2**22,
    OF_TRANSCRIBER: 2**27,
}
_MAX_RATIO, _FREE_BYTES = 50, 2**20  # of what is in a file to the file: more is no model but a bomb
_PICKLES = b"\x80", b"\x78", b"\x1f\x8b", b"BZ", b"\xfd7zXZ", b"\x04\x22\x4d\x18", b"]\0\0"  # as joblib writes them
_BEGINNING, _END, _END_BYTES = b"PK\x03\x04", b"PK\x05\x06", 22


def is_archive(path):
    """Whether a file looks like an archive, and not like a pickle.

    Parameters
    ----------
    path : str or PathLike

    Returns
    -------
    looks : bool
    """
    with open(path, "rb") as file:
        return file.read(len(_BEGINNING)) == _BEGINNING


def read_contents(path):
    """Read the files in an archive.

    Parameters
    ----------
    path : str or PathLike

    Returns
    -------
    contents : dict of str to bytes
        By name: all of `FILES`, and perhaps `OF_EMBEDDING` and `OF_TRANSCRIBER`.

    Raises
    ------
    ArchiveError
        The file is damaged, another program's, or has more or less in it.
    FileNotFoundError
        There is no such file.
    """
    with open(path, "rb") as file:  # an OSError of its own, where there is no such file
        _check_beginning(file)
        try:
            with zipfile.ZipFile(file) as archive:
                return _read_entries(archive, file.seek(0, io.SEEK_END))
        except ArchiveError:
            raise
        except Exception as error:  # whatever damage makes of zipfile and its decompressors
            raise ArchiveError(f"is damaged, truncated or no archive of sklspeech ({error})") from error


def _check_beginning(file):
    """Raise where another program would take the file for one of its own."""
    beginning = file.read(6)
    if beginning.startswith(_BEGINNING):
        return
    if beginning.startswith(_PICKLES):
        raise ArchiveError(
            "looks like a pickle, as joblib.dump and `sklspeech train` write it: joblib.load reads it, and runs what "
            "is in it. load reads what save and `sklspeech freeze -o model.sklspeech` write"
        )
    raise ArchiveError("is damaged, or no archive of sklspeech: it does not begin as one")


def _read_entries(archive, size):
    entries = archive.infolist()
    names = sorted(entry.filename for entry in entries)
    if sorted({*names} - _OPTIONAL) != sorted(FILES) or len(names) != len({*names}):
        raise ArchiveError(f"holds {names[:10]}, expected {sorted(FILES)}")
    archive.fp.seek(size - _END_BYTES)
    if not archive.fp.read().startswith(_END) or archive.comment or min(entry.header_offset for entry in entries):
        raise ArchiveError("has bytes before or behind the archive")
    # Other methods cannot be read in pieces of bounded size.
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise ArchiveError("is compressed by another method than deflate")
    free = _FREE_BYTES + _MAX_RATIO * size
    contents = {}
    for entry in entries:
        contents[entry.filename] = _read_entry(archive, entry, min(free, MAX_BYTES[entry.filename]))
        free -= len(contents[entry.filename])
    return contents


def _read_entry(archive, entry, limit):
    with archive.open(entry) as file:
        content = file.read(limit + 1)  # what the header says of the size may be a lie
    if len(content) > limit:
        raise ArchiveError(f"{entry.filename} has more than {limit} bytes")
    return content
