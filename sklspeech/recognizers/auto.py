"""Values of "auto": the number of epochs, the size of a batch, the floor."""

import numpy as np

MIN_EPOCHS, USUAL_EPOCHS, MAX_EPOCHS = 30, 60, 300
MIN_STEPS = 3000  # of training, where clips are few
MAX_CLIPS = 216_000  # passed in all, where clips are many: 60 epochs of 3,600, about five minutes on 2 cores
FLOOR_DB = 35.0
_TOP_DB_RANGE = 20.0, 150.0  # distances that are taken for the `top_db` of features


def auto_batch_size(n_clips):
    """Small sets get 16 steps an epoch, because few steps would teach them little, but no batches of less than 8.

    Parameters
    ----------
    n_clips : int

    Returns
    -------
    batch_size : int
        8 to 32.
    """
    return min(32, max(8, n_clips // 16))


def auto_epochs(n_clips):
    """A network learns in steps: few clips are passed more often; many are passed less often, to save time.

    Parameters
    ----------
    n_clips : int

    Returns
    -------
    n_epochs : int
        30 to 300.
    """
    n_clips = max(1, n_clips)
    of_few = MIN_STEPS * auto_batch_size(n_clips) // n_clips  # whatever batch_size is: what is seen counts
    of_many = MAX_CLIPS // n_clips
    return min(max(of_few, min(of_many, USUAL_EPOCHS), MIN_EPOCHS), MAX_EPOCHS)


def auto_floor(clips, normalization):
    """The floor for decibels that already have one, by `top_db`; None for cepstra, powers, images and tables.

    Bands without their own mean (a `normalization` of "feature") are no decibels any more, and clips of a single frame
    have no level to measure from.

    Parameters
    ----------
    clips : ndarray of shape (n, n_frames, n_features), or list of ndarray of shape (n_frames_i, n_features)
    normalization : {"clip", "feature"} or None

    Returns
    -------
    floor : float or None
        dB.
    """
    has_level = normalization != "feature" and max(map(len, clips)) > 1
    return FLOOR_DB if has_level and _look_like_floored_decibels(clips) else None


def _look_like_floored_decibels(clips):
    """Whether the lowest value of a clip is in several features, always as far below the loudest.

    That distance is smaller in clips so faint that `amin` is their floor.
    """
    ranges: list[float] = []
    for clip in clips:
        lowest, highest = clip.min(), clip.max()
        if highest > lowest and np.count_nonzero((clip == lowest).any(axis=0)) > 1:
            ranges.append(highest - lowest)
    largest = max(ranges, default=0.0)
    n_same = np.count_nonzero(np.array(ranges) > largest - 0.1)  # float16 rounds by 0.06
    return _TOP_DB_RANGE[0] <= largest <= _TOP_DB_RANGE[1] and n_same >= max(2, len(ranges) / 10)
