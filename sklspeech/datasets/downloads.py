"""Archives of data sets: downloaded once, checked, resumed where a connection broke, unpacked whole or not at all."""

import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

from .._runtime.files import locked
from .._runtime.progress import Progress

_AT_ONCE = 2**20  # bytes
_ATTEMPTS = 5  # to go on after a connection broke
_TIMEOUT = 30.0  # seconds without a byte


class Archive(NamedTuple):
    """Where an archive is, what its SHA256 is, and the name of its file."""

    url: str
    sha256: str
    name: str


def get_data_home(data_home=None):
    """The folder of downloaded data sets, which is made where it is missing.

    Parameters
    ----------
    data_home : str, PathLike or None, default=None
        None is what the environment variable SKLSPEECH_HOME names, or ``~/sklspeech_data``.

    Returns
    -------
    folder : Path
    """
    home = Path(data_home or os.environ.get("SKLSPEECH_HOME") or Path.home() / "sklspeech_data").expanduser()
    home.mkdir(parents=True, exist_ok=True)
    return home


def fetch(archive, data_home, local=None):
    """The folder of an unpacked archive.

    Parameters
    ----------
    archive : Archive
    data_home : str, PathLike or None
        See `get_data_home`.
    local : str, PathLike or None, default=None
        The archive, or the unpacked folder, that is there already.

    Returns
    -------
    folder : Path

    Raises
    ------
    OSError
        The archive cannot be downloaded; the error says which file to put where.
    ValueError
        The SHA256 of what was downloaded is another one, or the file is no archive.
    """
    if local is not None and Path(local).is_dir():
        return Path(local)
    home = get_data_home(data_home)
    folder = home / archive.name.removesuffix(".gz").removesuffix(".tar").removesuffix(".zip")
    if local is not None:
        if not Path(local).is_file():
            raise ValueError(f"archive={str(local)!r} is neither a file nor a folder")
        state = Path(local).resolve().stat()
        facts = f"{Path(local).resolve()} {state.st_size} {state.st_mtime_ns}"
        digest = hashlib.blake2b(facts.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
        return _unpacked(Path(local), home / f"{Path(local).name}.{digest}")
    if folder.is_dir():
        return folder
    return _unpacked(_download(archive, home), folder)


def _download(archive, home):
    """The file of an archive, checked."""
    import pooch
    from requests import RequestException

    part = home / f"{archive.name}.part"
    try:
        with locked(home / f".{archive.name}.lock"):
            path = pooch.retrieve(
                archive.url,
                known_hash=f"sha256:{archive.sha256}",
                fname=archive.name,
                path=home,
                downloader=lambda url, output_file, _: _fetch_all(url, part, Path(output_file)),
            )
        return Path(path)
    except RequestException as error:
        raise OSError(
            f"{archive.url} cannot be downloaded ({type(error).__name__}). Put {archive.name}, of SHA256 "
            f"{archive.sha256}, into {home}; or give its path, or that of the unpacked folder, as archive"
        ) from error


def _fetch_all(url, part, target):
    """Download to a file that is kept where the connection breaks, and is gone on with."""
    from requests import ConnectionError as BrokenConnection
    from requests.exceptions import ChunkedEncodingError

    for attempt in range(_ATTEMPTS):
        try:
            _fetch_rest(url, part)
            break
        except (BrokenConnection, ChunkedEncodingError):
            if attempt + 1 == _ATTEMPTS or not part.exists():
                raise
    os.replace(part, target)


def _fetch_rest(url, part):
    """Download what is missing."""
    import requests

    done = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={done}-"} if done else {}
    with requests.get(url, stream=True, headers=headers, timeout=_TIMEOUT) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # all of it is there
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:
            done = 0
        length = int(response.headers.get("Content-Length", 0))
        with open(part, "ab" if done else "wb") as file, Progress(part.stem, done + length) as progress:
            progress.advance(done)
            for chunk in response.iter_content(_AT_ONCE):
                file.write(chunk)
                progress.advance(len(chunk), f"{part.stem}, {file.tell() / 1e6:.0f} of {(done + length) / 1e6:.0f} MB")
    if length and part.stat().st_size < done + length:
        raise requests.ConnectionError(f"{url} ended after {part.stat().st_size} of {done + length} bytes")


def _unpacked(path, folder):
    """The folder of an archive, which is there as a whole once it has its name."""
    if folder.is_dir():
        return folder
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as file:
                file.extractall(unfinished)  # leaves out "..", roots and drives
        else:
            with tarfile.open(path) as file:
                file.extractall(unfinished, filter="data")  # refuses what leaves the folder, links and devices
        _publish(unfinished, folder)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{path} is no archive that can be unpacked: {error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _publish(unfinished, folder):
    """Give a folder its name, and the permissions of any other."""
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(unfinished, 0o777 & ~umask)
    try:
        os.replace(unfinished, folder)
    except OSError:
        if not folder.is_dir():  # or else another process was faster
            raise
