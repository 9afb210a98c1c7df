"""predict_to: what a recognizer hears in recordings of any number, to a table on disk."""

import csv
import hashlib
import os
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from .._runtime.files import atomic_write, check_writable, locked
from .._runtime.progress import Progress
from .._runtime.public import public
from ..errors import AudioError, AudioWarning
from ..features.remarks import without_remarks
from .judging import confidence_of, is_transcriber, probabilities_of, without_search
from .tables import import_pandas

_RECORDINGS = 256  # recordings of a job
_SHOWN = 5
_NOISE = 16_000  # samples
_END = b"\r\n"  # of a line, as of RFC 4180
_LONGEST_LINE = 2**20  # bytes
_COLUMNS = {"labels": ["path", "label", "probability", "error"], "sentences": ["path", "text", "confidence", "error"]}


@public
def predict_to(estimator, paths, file, *, n_jobs=None):
    """Write what is heard in recordings to a table, some hundred at a time; an interrupted call goes on.

    A recording that cannot be read has a row with its fault, and ends nothing.

    Parameters
    ----------
    estimator : fitted classifier or transcriber
        A pipeline from paths. Frozen, it is sent to workers in a moment.
    paths : iterable of str or PathLike
        Recordings.
    file : str or PathLike
        Ends in ``.csv``, or in ``.parquet``, which takes pandas and pyarrow. It is there when all is done; until then
        there is a file that ends in ``.unfinished``, which another call of the same recognizer and recordings goes on
        with.
    n_jobs : int or None, default=None
        Jobs at once, as in scikit-learn; with ``joblib.parallel_config(backend="dask")`` on the machines of a cluster.

    Returns
    -------
    failed : list of (str, str)
        Recordings that could not be read, and why.

    Raises
    ------
    ValueError
        `file` ends in something else, or cannot be written.

    Warns
    -----
    AudioWarning
        Recordings could not be read: how many, and the first of them.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklspeech import FrameStatistics, MelFeatures, Pipeline, datasets, predict_to
    >>> pipeline = Pipeline([MelFeatures(), FrameStatistics(), LogisticRegression(max_iter=1000)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     speech = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=2, folder=folder, random_state=0)
    ...     predict_to(pipeline.fit(speech.data, speech.target), speech.data, Path(folder, "heard.csv"))
    ...     Path(folder, "heard.csv").read_text().splitlines()[0]
    []
    'path,label,probability,error'
    """
    target = Path(file)
    if target.suffix not in (".csv", ".parquet"):
        raise ValueError(f"file must end in .csv or .parquet, got {str(file)!r}")
    pandas = import_pandas("a .parquet file") if target.suffix == ".parquet" else None
    check_writable(target)
    estimator, paths = without_search(estimator), [os.fsdecode(path) for path in paths]
    columns = _COLUMNS["sentences" if is_transcriber(estimator) else "labels"]
    unfinished = target.with_name(f"{target.name}.{_digest(estimator, paths)}.unfinished")
    with locked(unfinished.with_suffix(".lock")):
        n_done = _count_rows(unfinished, columns)
        _write_rest(estimator, paths, unfinished, n_done, n_jobs)
        failed = [(row[0], row[-1]) for row in _read(unfinished) if row[-1]]
        if pandas is None:
            os.replace(unfinished, target)
        else:
            table = pandas.DataFrame(_read(unfinished), columns=columns)
            table[columns[2]] = pandas.to_numeric(table[columns[2]])  # "" becomes NaN
            with atomic_write(target) as unchecked:
                table.to_parquet(unchecked)
            unfinished.unlink()
    if failed:
        first = "; ".join(f"{path}: {fault}" for path, fault in failed[:_SHOWN])
        more = f", and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
        text = f"{len(failed)} of {len(paths)} recordings cannot be read: {first}{more}"
        warnings.warn(AudioWarning(text), stacklevel=2)
    return failed


def _digest(estimator, paths):
    """Of the recordings, and of what the recognizer makes of a second of noise: another one is not gone on with."""
    digest = hashlib.blake2b("\0".join(paths).encode("utf-8", "surrogateescape"), digest_size=8)
    noise = np.random.default_rng(0).normal(0, 0.1, _NOISE).astype(np.float32)
    with suppress(Exception), without_remarks():  # of what does not take waveforms the class is all that is known
        heard = estimator.predict([noise]) if is_transcriber(estimator) else estimator.predict_proba([noise]).round(4)
        digest.update(repr(heard.tolist()).encode())
    digest.update(type(estimator).__name__.encode())
    return digest.hexdigest()


def _count_rows(path, columns):
    """How many rows are written, whole ones alone; the file is made where it is missing."""
    size = path.stat().st_size if path.exists() else 0
    with open(path, "ab+") as file:
        start = max(0, size - _LONGEST_LINE)
        file.seek(start)
        end = file.read().rfind(_END)
        file.truncate(0 if end < 0 else start + end + len(_END))  # the last line may have been being written
        if end < 0:
            file.write(",".join(columns).encode() + _END)
    return sum(1 for _ in _read(path))


def _read(path):
    """The rows of a table, one after the other."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows


def _write_rest(estimator, paths, unfinished, n_done, n_jobs):
    """Write the rows that are missing, in the order of the recordings."""
    n_at_once = _RECORDINGS * effective_n_jobs(n_jobs)
    with (
        open(unfinished, "a", encoding="utf-8", errors="surrogateescape", newline="") as out,
        Progress("predict_to", len(paths)) as progress,
    ):
        progress.advance(n_done)
        writer = csv.writer(out, lineterminator=_END.decode())
        for first in range(n_done, len(paths), n_at_once):
            some = paths[first : first + n_at_once]
            parts = [some[i : i + _RECORDINGS] for i in range(0, len(some), _RECORDINGS)]
            for rows in Parallel(n_jobs)(delayed(_hear)(estimator, part) for part in parts):
                writer.writerows(rows)
            out.flush()
            os.fsync(out.fileno())
            progress.advance(len(some))


def _hear(estimator, paths):
    """Rows of some recordings; where one cannot be read, one after the other."""
    try:
        return _rows(estimator, paths)
    except AudioError as error:
        if len(paths) == 1:
            return [[paths[0], "", "", error.fault]]
        return [row for path in paths for row in _hear(estimator, [path])]


def _rows(estimator, paths):
    if is_transcriber(estimator):
        texts, words = estimator.predict(paths), estimator.predict_words(paths)
        sure = [confidence_of(of_one) for of_one in words]
        return [[path, text, f"{p:.6f}", ""] for path, text, p in zip(paths, texts, sure, strict=True)]
    labels, probabilities = estimator.predict(paths), estimator.predict_proba(paths)
    sure = probabilities_of(labels, probabilities, estimator.classes_)
    return [[path, label, f"{p:.6f}", ""] for path, label, p in zip(paths, labels, sure, strict=True)]
