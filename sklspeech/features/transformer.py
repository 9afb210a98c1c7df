"""ClipTransformer, the base of AudioLoader, MelFeatures and MFCCFeatures: clips in, one row a clip out."""

import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils.validation import check_is_fitted

from .._runtime.progress import Progress
from .._runtime.scikit_learn import Interval, StrOptions, set_table, wants_table
from .._runtime.threads import count_threads, map_in_threads, split_evenly
from ..audio.reading import RATES, read_duration
from ..audio.waveforms import typical_duration
from ..errors import AudioError, AudioWarning, check_each
from .batches import MAX_CLIPS, BatchReader
from .clips import check_clips, clip_duration, clip_name
from .on_disk import FeatureWriter, identify, load_features
from .remarks import Remarks
from .row_cache import file_state, row_cache
from .tables import table_index, with_table

_MIN_CLIPS = 8  # that are worth a slice of their own: a slice costs about as much as a clip
_LONG = 100.0  # seconds, which are more likely meant for milliseconds
_NOT_IN_ROWS = ("duration", "n_jobs", "on_error")  # parameters that change no row; n_samples_ stands for the duration


@dataclass(eq=False, repr=False, kw_only=True)
class ClipTransformer(CallbackSupportMixin, TransformerMixin, BaseEstimator):
    """Clips to rows. A subclass says what becomes of waveforms.

    As dataclasses their `__init__` has every parameter by name and only stores it.
    """

    _parameter_constraints: ClassVar[dict] = {
        "sample_rate": [Interval(Integral, *RATES, closed="both")],
        "duration": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"}), None],
        "trim": [Interval(Real, 0, None, closed="neither"), None],
        "n_jobs": [Integral, None],
        "on_error": [StrOptions({"raise", "silence"})],
    }

    sample_rate: int = 16000
    duration: float | str | None = None
    trim: float | None = None
    n_jobs: int | None = None
    on_error: str = "raise"

    @with_callbacks
    def fit(self, X, y=None):
        """Learn the duration.

        Parameters
        ----------
        X : array-like of shape (n,) of paths, or waveforms of shape (n, n_samples) or a list of 1-D arrays
            The clips.
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        AudioError
            A recording cannot be used; with `duration="auto"` its header is read here, the rest in `transform`.

        Warns
        -----
        AudioWarning
            With `duration="auto"` several clips lose their end.
        """
        self._validate_params()
        task = self._init_callback_context().call_on_fit_task_begin(estimator=self, X=X, y=y)
        clips = check_clips(X)
        self.duration_ = self._typical_duration(clips) if self.duration == "auto" else self.duration
        seconds = 0.0 if self.duration_ is None else float(self.duration_)
        if seconds >= _LONG:
            _warn(f"duration {seconds:g} is in seconds: every clip becomes {seconds / 60:.1f} minutes long")
        self.n_samples_ = None if self.duration_ is None else max(1, round(seconds * self.sample_rate))
        self._check_fitted_length()
        task.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _typical_duration(self, clips):
        if isinstance(clips[0], str) and self.on_error == "silence":
            durations = _durations_of_readable(clips)
        elif isinstance(clips[0], str):
            durations = check_each(_file_duration, clips)
        else:
            durations = [clip_duration(clip, self.sample_rate) for clip in clips]
        duration = typical_duration(durations)
        n_cut = sum(other > duration for other in durations)
        if n_cut > 1:  # one may be a stray
            _warn(
                f"duration='auto' is {duration:g} s: {n_cut} of {len(clips)} clips are longer and lose their end, the "
                f"longest has {max(durations):g} s. Give a duration in seconds to keep more of them."
            )
        return duration

    def _check_fitted_length(self):
        """Raise AudioError where clips of `n_samples_` cannot be transformed."""
        if self.n_samples_ is not None:
            self._check_length(self.n_samples_, f"duration {self.duration_:g} s")

    def transform(self, X):
        """Transform clips.

        Parameters
        ----------
        X : array-like of shape (n,) of paths, or waveforms of shape (n, n_samples) or a list of 1-D arrays
            The clips.

        Returns
        -------
        rows : ndarray of shape (n, ...), float32; with `duration=None` a list of n arrays
            One row a clip.

        Raises
        ------
        AudioError
            A recording cannot be used.

        Warns
        -----
        AudioWarning
            Clips are silent or nearly so, off zero, of a low sample rate, or more than twice as long as `duration_`;
            their number, and which is the first.
        """
        check_is_fitted(self)
        clips = check_clips(X)
        n_threads = count_threads(self.n_jobs)
        rows: list | np.ndarray = (
            [None] * len(clips)
            if self.n_samples_ is None
            else np.empty((len(clips), *self.row_shape(self.n_samples_)), np.float32)
        )
        # Only rows of files are kept, and a waveform is not to wait for the parameters.
        row_params = self._row_params() if isinstance(clips[0], str) else None
        remarks = Remarks(self._highest_frequency(), self.duration_)
        slices = split_evenly(len(clips), n_threads, _MIN_CLIPS, MAX_CLIPS)
        with Progress(type(self).__name__, len(clips)) as progress:
            map_in_threads(lambda part: self._fill(rows, clips, part, row_params, remarks, progress), slices, n_threads)
        remarks.warn(clips, clip_name)
        if self.on_error == "silence":
            self.failed_ = remarks.warn_of_failed(clips, clip_name)
        return with_table(rows, table_index(X), self.get_feature_names_out()) if wants_table(self) else rows

    def transform_to(self, X, folder):
        """Write the features of a corpus to a folder, a few clips at a time: it may be larger than memory.

        Where it was begun before, with the same clips and parameters, it goes on; where it is there, nothing is done.

        Parameters
        ----------
        X : array-like of shape (n,) of paths, or list of n waveforms
            The clips.
        folder : str or PathLike
            Made where it is missing; two files are written there.

        Returns
        -------
        rows : ndarray of shape (n, ...), float32; with `duration=None` a list of n arrays
            As `transform` gives them, mapped into memory: see `load_features`.

        Raises
        ------
        AudioError
            A recording cannot be used; what was written until then is kept.
        ValueError
            Rows are waveforms.
        """
        check_is_fitted(self)
        clips = check_clips(X)
        if len(self.row_shape(self.n_samples_ or self.sample_rate)) != 2:
            raise ValueError(f"transform_to is for features, {type(self).__name__} gives waveforms")
        facts = [self._row_params(), self.on_error, [identify(clip) for clip in clips]]
        failed = FeatureWriter(folder, repr(facts)).write(self._transform_some, clips, type(self).__name__)
        if self.on_error == "silence":
            self.failed_ = failed
        return load_features(folder)

    def _transform_some(self, clips):
        """Rows of some clips, and those that cannot be read."""
        return self.transform(clips), getattr(self, "failed_", []) if self.on_error == "silence" else []

    def _highest_frequency(self):
        """Hertz up to which the rows tell something."""
        return self.sample_rate / 2

    def _fill(self, rows, clips, part, row_params, remarks, progress):
        """Put the rows of a slice of the clips into `rows`: those that are known, then all others."""
        keys = self._request(clips, part, row_params)
        missing = []
        for i, key in keys.items():
            row = row_cache.get(key)
            if row is None:
                missing.append(i)
            else:
                rows[i] = row.copy() if isinstance(rows, list) else row  # of the cache's own row none may be given out
        progress.advance(len(keys) - len(missing))
        if not missing:
            return
        reader = BatchReader(self.sample_rate, self.n_samples_, self.trim, remarks, self.on_error == "silence")
        for batch, waveforms in reader.batches(clips, missing):
            if self.n_samples_ is None:
                for i, waveform in zip(batch, waveforms, strict=True):
                    self._check_length(len(waveform), clip_name(clips[i], i))
            for i, row in zip(batch, self._transform_batch(rows, batch, waveforms), strict=True):
                if i not in remarks.positions:
                    row_cache.put(keys[i], row)
            progress.advance(len(batch))

    def _request(self, clips, part, row_params):
        """The keys of the rows in the cache, by position."""
        positions = range(part.start, part.stop)
        if row_params is None:
            return dict.fromkeys(positions)
        return {i: row_cache.request(clips[i], row_params) for i in positions}

    def _transform_batch(self, rows, batch, waveforms):
        """Put the rows of a batch into `rows`, and return them."""
        first, last = batch[0], batch[-1]
        if isinstance(rows, np.ndarray) and last - first < len(batch):
            return self._transform_waveforms(waveforms, rows[first : last + 1])
        computed = self._transform_waveforms(waveforms)
        for i, row in zip(batch, computed, strict=True):
            rows[i] = np.array(row, order="C") if isinstance(rows, list) else row  # a view would keep the whole batch
        return computed

    def _row_params(self):
        """All that a row depends on besides its clip, hashable."""
        return type(self), self.n_samples_, *(getattr(self, name) for name in _row_param_names(type(self)))  # type: ignore[arg-type]

    def _check_length(self, n_samples, source):
        """Raise AudioError where a clip of this length cannot be transformed; any can, here."""

    def row_shape(self, n_samples):
        """Shape of a clip's row.

        Parameters
        ----------
        n_samples : int
            Length of the clip.

        Returns
        -------
        shape : tuple of int
        """
        raise NotImplementedError

    def _transform_waveforms(self, waveforms, out=None):
        """Rows of waveforms as `BatchReader` gives them, no views of 16-bit samples; in `out`, if given."""
        raise NotImplementedError

    def set_output(self, *, transform=None):
        """Have later steps that make tables keep the index of X and the names of the features.

        Waveforms and features have no columns and stay arrays. `FrameStatistics` after them makes the table.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            What is to be made; None leaves it as it is.

        Returns
        -------
        self : object
        """
        set_table(self, transform)
        return self

    def __init_subclass__(cls, **kwargs):
        # Three-dimensional output fits into no table; scikit-learn would make one where it is configured to.
        super().__init_subclass__(**({"auto_wrap_output_keys": None} | kwargs))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _warn(text):
    warnings.warn(AudioWarning(text), stacklevel=5)


def _durations_of_readable(paths):
    durations = []
    for i, path in enumerate(paths):
        with suppress(AudioError):
            durations.append(_file_duration(path, i))
    if not durations:
        raise AudioError(
            paths[0], f"cannot be read, nor can the {len(paths) - 1} others: there is no duration to learn"
        )
    return durations


def _file_duration(path, position):
    state = file_state(path)
    return read_duration(path) if state is None else _known_duration(path, state)


@lru_cache(maxsize=2**16)  # every fold and candidate of a search asks
def _known_duration(path, state):
    return read_duration(path)


@lru_cache(maxsize=64)  # get_params looks at the signature each time, which takes longer than a clip
def _row_param_names(transformer):
    """Names of the parameters of a class that its rows depend on."""
    return [name for name in transformer._get_param_names() if name not in _NOT_IN_ROWS]
