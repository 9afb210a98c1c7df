"""check_audio: what is wrong with the files of a corpus."""

from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_consistent_length

from ..audio.measuring import measure_all
from ..errors import AudioError
from .tables import import_pandas

_CLIPPED = 1e-3  # share of the samples
# What an error of reading says, and the kind of fault that it is; all others are "unreadable".
_KINDS = {
    "is empty": "empty",
    "has no samples": "empty",
    "NaN or infinite": "not finite",
    "cancel each other": "channels cancel",
}


class Fault(NamedTuple):
    """What is wrong with a file."""

    path: str
    fault: str
    detail: str


def check_audio(
    paths, labels=None, groups=None, splits=None, *, sample_rate=None, min_duration=0.1, max_duration=None, n_jobs=None
):
    """Find what is wrong with the recordings of a corpus, each read once and to its end.

    Parameters
    ----------
    paths : array-like of shape (n,), str or PathLike
        Recordings.
    labels : array-like of shape (n,) or None, default=None
        Labels or sentences: a recording must not have two of them.
    groups : array-like of shape (n,) or None, default=None
        Speakers.
    splits : array-like of shape (n,) or None, default=None
        Which part of the corpus a recording belongs to, such as "train": a speaker must not be in two of them.
    sample_rate : int or None, default=None
        Hertz that all should have; None is the rate that most of them have.
    min_duration : float, default=0.1
        Seconds; shorter ones are a fault.
    max_duration : float or None, default=None
        Seconds; longer ones are a fault.
    n_jobs : int or None, default=None
        Threads, as in scikit-learn.

    Returns
    -------
    faults : pandas.DataFrame of shape (n_faults, 3)
        With the columns ``path``, ``fault`` and ``detail``, in the order of `paths`; a recording may have several.
        Faults are "unreadable", "empty", "not finite", "channels cancel", "silent", "clipped" (a thousandth of the
        samples is cut off), "offset", "too short", "too long", "other rate", "duplicate" (of one that stands before),
        "two labels" (the same recording under another label) and "in two splits" (its speaker is).

    Raises
    ------
    ModuleNotFoundError
        pandas is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from sklspeech import datasets, reports
    >>> with tempfile.TemporaryDirectory() as root:
    ...     speech = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=2, folder=root, random_state=0)
    ...     faults = reports.check_audio([*speech.data, speech.data[0]], labels=[*speech.target, "perhaps"])
    >>> faults["fault"].tolist()
    ['two labels']
    """
    pandas = import_pandas("check_audio")
    check_consistent_length(paths, labels, groups, splits)
    paths = [str(path) for path in paths]
    labels = None if labels is None else np.asarray(labels)
    measured = measure_all(paths, n_jobs)
    faults = find_faults(paths, measured, labels, sample_rate, (min_duration, max_duration))
    if groups is not None and splits is not None:
        faults += _speakers_in_two_splits(paths, groups, splits)
    order = {path: i for i, path in reversed(list(enumerate(paths)))}
    return pandas.DataFrame(sorted(faults, key=lambda fault: order[fault.path]), columns=list(Fault._fields))


def find_faults(paths, measured, labels, sample_rate, durations):
    """What is wrong with each recording, and with several of one content.

    Parameters
    ----------
    paths : list of str
    measured : list of Measures or AudioError
    labels : array-like of shape (n,) or None
    sample_rate : int or None
        Hertz.
    durations : tuple of float or None
        Least and most seconds.

    Returns
    -------
    faults : list of Fault
    """
    rates = Counter(one.sample_rate for one in measured if not isinstance(one, AudioError))
    rate = rates.most_common(1)[0][0] if sample_rate is None and rates else sample_rate
    faults: list[Fault] = []
    seen: dict[str, list[int]] = defaultdict(list)
    for i, (path, one) in enumerate(zip(paths, measured, strict=True)):
        if isinstance(one, AudioError):
            kind = next((kind for text, kind in _KINDS.items() if text in one.fault), "unreadable")
            faults.append(Fault(path, kind, one.fault))
            continue
        faults += [Fault(path, *fault) for fault in _of_one(one, rate, durations)]
        for earlier in seen[one.digest][:1]:
            faults.append(_of_two(i, earlier, paths, labels))
        seen[one.digest].append(i)
    return faults


def _of_one(one, rate, durations):
    """Faults of a recording by itself."""
    shortest, longest = durations
    if one.is_silent:
        yield "silent", f"no sample is larger than {one.peak:.1g} of full scale"
    if one.clipped > _CLIPPED:
        yield "clipped", f"{100 * one.clipped:.1f} % of the samples are cut off"
    if one.has_offset and not one.is_silent:
        yield "offset", f"the mean is {one.offset:.3f} of full scale"
    if shortest is not None and one.duration < shortest:
        yield "too short", f"{one.duration:.3f} s"
    if longest is not None and one.duration > longest:
        yield "too long", f"{one.duration:.1f} s"
    if one.sample_rate != rate:
        yield "other rate", f"{one.sample_rate} Hz, expected {rate}"


def _of_two(i, earlier, paths, labels):
    """The fault of a recording whose samples are those of an earlier one."""
    if labels is not None and labels[i] != labels[earlier]:
        return Fault(paths[i], "two labels", f"{labels[i]}, and {labels[earlier]} of {paths[earlier]}")
    return Fault(paths[i], "duplicate", f"of {paths[earlier]}")


def _speakers_in_two_splits(paths, groups, splits):
    groups, splits = np.asarray(groups), np.asarray(splits)
    faults = []
    for speaker in np.unique(groups):
        own = np.flatnonzero(groups == speaker)
        parts = dict.fromkeys(splits[own].tolist())
        if len(parts) > 1:
            detail = f"speaker {speaker} is in {' and '.join(map(str, parts))}"
            faults += [Fault(paths[i], "in two splits", detail) for i in own]
    return faults
