"""predict_to: what a recognizer hears in recordings of any number, to a table on disk."""

import csv
import io
import os
import warnings
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from .._runtime.files import atomic_write
from .._runtime.progress import Progress
from .._runtime.public import public
from ..errors import AudioError, AudioWarning
from .tables import import_pandas

_AT_ONCE = 256  # recordings of a job
_SHOWN = 5
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
        there is ``<file>.unfinished``, which another call of the same recordings goes on with.
    n_jobs : int or None, default=None
        Jobs at once, as in scikit-learn; with ``joblib.parallel_config(backend="dask")`` on the machines of a cluster.

    Returns
    -------
    failed : list of (str, str)
        Recordings that could not be read, and why.

    Raises
    ------
    ValueError
        `file` ends in something else, or the unfinished table is one of other recordings.

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
    if target.suffix == ".parquet":
        pandas = import_pandas("a .parquet file")
    paths = [os.fspath(path) for path in paths]
    columns = _COLUMNS["sentences" if hasattr(estimator, "predict_words") else "labels"]
    unfinished = target.with_name(f"{target.name}.unfinished")
    rows = _read(unfinished, columns, paths)
    _write_rest(estimator, paths, unfinished, len(rows), n_jobs)
    if target.suffix == ".csv":
        os.replace(unfinished, target)
        failed = [(row[0], row[-1]) for row in _read(target, columns, paths) if row[-1]]
    else:
        table = pandas.read_csv(unfinished, keep_default_na=False)
        with atomic_write(target) as unchecked:
            table.to_parquet(unchecked)
        unfinished.unlink()
        failed = table.loc[table["error"] != "", ["path", "error"]].to_records(index=False).tolist()
    if failed:
        first = "; ".join(f"{path}: {fault}" for path, fault in failed[:_SHOWN])
        more = f", and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
        warnings.warn(
            AudioWarning(f"{len(failed)} of {len(paths)} recordings cannot be read: {first}{more}"), stacklevel=2
        )
    return failed


def _read(path, columns, paths):
    """Rows that are written, whole ones alone; the file is made where it is missing."""
    if not path.exists():
        path.write_text(",".join(columns) + "\n", encoding="utf-8", newline="")
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]  # the last line may have been being written
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    head, *rows = csv.reader(io.StringIO(whole.decode("utf-8"), newline=""))
    if head != columns or [row[0] for row in rows] != paths[: len(rows)]:
        raise ValueError(f"{path} is of other recordings or of another kind of recognizer: delete it to begin anew")
    return rows


def _write_rest(estimator, paths, unfinished, n_done, n_jobs):
    """Write the rows that are missing, in the order of the recordings."""
    n_at_once = _AT_ONCE * effective_n_jobs(n_jobs)
    with open(unfinished, "a", encoding="utf-8", newline="") as out, Progress("predict_to", len(paths)) as progress:
        progress.advance(n_done)
        writer = csv.writer(out, lineterminator="\n")
        for first in range(n_done, len(paths), n_at_once):
            some = paths[first : first + n_at_once]
            parts = [some[i : i + _AT_ONCE] for i in range(0, len(some), _AT_ONCE)]
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
    if hasattr(estimator, "predict_words"):
        texts, words = estimator.predict(paths), estimator.predict_words(paths)
        sure = [np.mean([word.confidence for word in of_one] or [0.0]) for of_one in words]
        return [[path, text, f"{p:.6f}", ""] for path, text, p in zip(paths, texts, sure, strict=True)]
    probabilities = estimator.predict_proba(paths)
    labels = estimator.predict(paths)
    sure = probabilities[np.arange(len(paths)), np.searchsorted(estimator.classes_, labels)]
    return [[path, label, f"{p:.6f}", ""] for path, label, p in zip(paths, labels, sure, strict=True)]
