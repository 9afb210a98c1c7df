"""dataset_report: what a corpus has, before anything is trained on it."""

import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..audio.measuring import measure_all
from ..errors import AudioError
from .audio_check import Fault, find_faults
from .tables import import_pandas

_SHOWN = 10  # lines of a kind in the text
_MANY = 200  # different labels, from which they are taken for sentences


@dataclass(frozen=True, eq=False)
class DatasetReport:
    """What `dataset_report` found; as text it is a summary.

    Parameters
    ----------
    clips : pandas.DataFrame
        A row a recording: ``path``, ``label``, ``speaker``, ``duration`` in seconds, ``sample_rate`` in hertz,
        ``n_channels``, ``peak`` and ``clipped`` as shares, ``level`` in dB of full scale.
    labels : pandas.DataFrame
        A row a label: clips, speakers, and seconds, shortest, in the median and longest. Empty for sentences.
    speakers : pandas.DataFrame
        Clips of every speaker by label; empty where speakers are not known. Of sentences, clips and seconds alone.
    characters : pandas.Series
        How often every character is in the labels or sentences.
    spellings : list of list of str
        Labels that differ by case, blanks or Unicode form alone.
    faults : pandas.DataFrame
        As of `check_audio`.
    """

    clips: Any
    labels: Any
    speakers: Any
    characters: Any
    spellings: list
    faults: Any

    def __str__(self):
        kinds = _counts(self.faults["fault"]) if len(self.faults) else []
        return "\n".join([self.summary(), *(f"{kind}, such as {self._example(kind)}" for kind, _ in kinds)])

    def summary(self):
        """What there is, and how many faults of which kind.

        Returns
        -------
        text : str
            Of several lines.
        """
        clips, seconds = self.clips, self.clips["duration"].sum()
        lines = [
            f"{len(clips)} recordings, {seconds / 3600:.2f} h, of {clips['duration'].min():.2f} to "
            f"{clips['duration'].max():.2f} s, {clips['duration'].median():.2f} s in the median",
            "sample rates: " + ", ".join(f"{rate:.0f} Hz ({n})" for rate, n in _counts(clips["sample_rate"].dropna())),
        ]
        if len(self.labels):
            sizes = self.labels["clips"]
            span = f"{sizes.min()}" if sizes.min() == sizes.max() else f"{sizes.min()} to {sizes.max()}"
            lines.append(f"labels: {len(sizes)}, of {span} clips each")
        if len(self.speakers):
            lines.append(f"speakers: {len(self.speakers)}")
        lines.append(f"characters: {''.join(self.characters.index)}")
        lines += [f"one label in several spellings: {', '.join(map(repr, names))}" for names in self.spellings[:_SHOWN]]
        kinds = _counts(self.faults["fault"]) if len(self.faults) else []
        lines.append("faults: " + ", ".join(f"{n} {kind}" for kind, n in kinds) if kinds else "no faults")
        return "\n".join(lines)

    def _example(self, kind):
        first = self.faults[self.faults["fault"] == kind].iloc[0]
        return f"{first['path']}: {first['detail']}"


def dataset_report(data, *, n_jobs=None):
    """Look at all recordings of a corpus: durations, rates, levels, faults, labels and speakers.

    Parameters
    ----------
    data : Bunch
        With ``data``, ``target`` and ``groups``, as of `load_speech_folder`.
    n_jobs : int or None, default=None
        Threads, as in scikit-learn.

    Returns
    -------
    report : DatasetReport
        ``print(report)`` shows a summary.

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
    ...     report = reports.dataset_report(speech)
    >>> report.labels["clips"].to_dict()
    {'no': 4, 'yes': 4}
    """
    pandas = import_pandas("dataset_report")
    paths, labels = [str(path) for path in data["data"]], [str(label) for label in data["target"]]
    groups = data.get("groups")
    measured = measure_all(paths, n_jobs)
    names = "duration", "sample_rate", "n_channels", "peak", "clipped", "level"
    rows = [
        [np.nan] * len(names) if isinstance(one, AudioError) else [getattr(one, name) for name in names]
        for one in measured
    ]
    clips = pandas.DataFrame(rows, columns=list(names))
    clips.insert(0, "path", paths)
    clips.insert(1, "label", labels)
    clips.insert(2, "speaker", None if groups is None else list(groups))
    is_text = len(set(labels)) > min(_MANY, len(labels) / 2)
    faults = find_faults(paths, measured, labels, None, (0.1, None))
    return DatasetReport(
        clips=clips,
        labels=pandas.DataFrame() if is_text else _by_label(clips),
        speakers=pandas.DataFrame() if groups is None else _by_speaker(pandas, clips, is_text),
        characters=pandas.Series(dict(sorted(Counter("".join(labels)).items())), name="count", dtype=int),
        spellings=find_spellings(labels),
        faults=pandas.DataFrame(faults, columns=list(Fault._fields)),
    )


def find_spellings(labels):
    """Labels that differ by case, blanks or Unicode form alone.

    Parameters
    ----------
    labels : iterable of str

    Returns
    -------
    spellings : list of list of str
    """
    alike = defaultdict(set)
    for label in labels:
        alike[" ".join(unicodedata.normalize("NFKC", label).casefold().split())].add(label)
    return [sorted(names) for names in alike.values() if len(names) > 1]


def _by_label(clips):
    by = clips.groupby("label")
    durations = by["duration"]
    table = by.size().to_frame("clips")
    table["speakers"] = by["speaker"].nunique()
    return table.assign(
        seconds=durations.sum(), shortest=durations.min(), median=durations.median(), longest=durations.max()
    )


def _by_speaker(pandas, clips, is_text):
    if is_text:
        by = clips.groupby("speaker")["duration"]
        return by.size().to_frame("clips").assign(seconds=by.sum())
    return pandas.crosstab(clips["speaker"], clips["label"])


def _counts(column):
    return column.value_counts().items()
