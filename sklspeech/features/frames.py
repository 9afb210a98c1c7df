"""Features of clips as arrays: checked, padded to one length, taken some at a time.

Features are an array of shape (n, n_frames, n_features), or a list of arrays of shape (n_frames_i, n_features) for
clips of different lengths.
"""

import os

import numpy as np
from sklearn.utils.validation import check_array


def is_ragged(X):
    """Whether X is a list of clips that each have their own number of frames.

    Parameters
    ----------
    X : object

    Returns
    -------
    is_ragged : bool
        True for a list or tuple of 2-D arrays, even where all happen to have the same length; of other 2-D collections,
        such as nested lists, where lengths differ.
    """
    if not isinstance(X, list | tuple) or not len(X) or any(np.ndim(x) != 2 for x in X):
        return False
    return all(isinstance(x, np.ndarray) for x in X) or len({np.shape(x) for x in X}) > 1


def check_frames(X):
    """Check features of clips, and give them a time axis.

    Parameters
    ----------
    X : array of shape (n, n_frames, n_features) or (n, n_features), or list of arrays (n_frames_i, n_features)

    Returns
    -------
    clips : float32 array of shape (n, n_frames, n_features), or list of float32 arrays (n_frames_i, n_features)

    Raises
    ------
    ValueError
        X is something else, is empty, has NaN or infinite values, or clips differ in their number of features.
    """
    refuse_paths(X)
    if is_ragged(X):
        clips = [check_array(clip, dtype=np.float32, input_name=f"clip {i} of X") for i, clip in enumerate(X)]
        if len({clip.shape[1] for clip in clips}) > 1:
            raise ValueError(f"the clips of X differ in n_features: {sorted({clip.shape[1] for clip in clips})}")
        return clips
    X = check_array(X, dtype=np.float32, allow_nd=True, input_name="X")
    if X.ndim > 3 or 0 in X.shape:
        raise ValueError(f"X must have the shape (n, n_frames, n_features), got {X.shape}")
    return X[:, None, :] if X.ndim == 2 else X


def refuse_paths(X, name="this step"):
    """Raise where clips come that are not features yet.

    Parameters
    ----------
    X : object
    name : str, default="this step"
        Of what takes features.

    Raises
    ------
    ValueError
        X has paths.
    """
    first = X[0] if isinstance(X, list | tuple | np.ndarray) and len(X) else getattr(X, "iloc", [None])[0]
    if isinstance(first, str | os.PathLike):
        raise ValueError(
            f"{name} takes features of shape (n, n_frames, n_features), got paths such as {str(first)[:100]!r}: put "
            "MelFeatures() before it"
        )


def take_clips(clips, indices):
    """Some of the clips.

    Parameters
    ----------
    clips : ndarray of shape (n, n_frames, n_features), or list of ndarray of shape (n_frames_i, n_features)
    indices : ndarray of shape (m,), int

    Returns
    -------
    taken : ndarray or list, as `clips`
    """
    return [clips[i] for i in indices] if isinstance(clips, list) else clips[indices]


def network_inputs(clips):
    """Arrays that go into a network: the clips of one length; or padded clips and their lengths.

    Parameters
    ----------
    clips : ndarray of shape (n, n_frames, n_features), or list of ndarray of shape (n_frames_i, n_features)

    Returns
    -------
    inputs : tuple of ndarray
        The clips of an array; of a list, the clips padded with zeros, (n, n_frames, n_features), and the number of
        frames of each, (n,), int32.
    """
    if not isinstance(clips, list):
        return (clips,)
    n_frames = np.array([len(clip) for clip in clips], dtype=np.int32)
    padded = np.zeros((len(clips), _rounded_up(n_frames.max()), clips[0].shape[1]), np.float32)
    for row, clip in zip(padded, clips, strict=True):
        row[: len(clip)] = clip
    return padded, n_frames


def _rounded_up(n_frames):
    """The next of few lengths, at most an eighth longer: a network may be traced for each length that comes."""
    step = max(8, 2 ** (int(n_frames - 1).bit_length() - 3))
    return -(-int(n_frames) // step) * step


def batch_indices(clips, max_clips, max_frames):
    """Positions of clips that go through a network together, so that memory is bounded and little is padding.

    Parameters
    ----------
    clips : ndarray of shape (n, n_frames, n_features), or list of ndarray of shape (n_frames_i, n_features)
        Those of a list are taken in the order of their lengths.
    max_clips : int
        Largest number of clips of a batch.
    max_frames : int
        Largest number of clips times the longest one's frames, of a list; a single clip may have more.

    Returns
    -------
    batches : list of ndarray of int
    """
    n = len(clips)
    if not isinstance(clips, list):
        return [np.arange(start, min(start + max_clips, n)) for start in range(0, n, max_clips)]
    lengths = np.array([len(clip) for clip in clips])
    order = np.argsort(lengths, kind="stable")
    batches, start = [], 0
    for stop in range(1, n + 1):
        is_last = stop == n
        if is_last or stop + 1 - start > max_clips or (stop + 1 - start) * lengths[order[stop]] > max_frames:
            batches.append(order[start:stop])
            start = stop
    return batches
