"""Values of "auto": the number of epochs, the size of a batch, the ratios of speech to noise."""

import numpy as np

MIN_EPOCHS, MAX_EPOCHS = 14, 120
MIN_STEPS = 3200  # of training
SENTENCE_STEPS = 6000  # of the training of a transcriber, whose batches are smaller
MIN_SENTENCE_EPOCHS, MAX_SENTENCE_EPOCHS = 40, 80
SNR_DB = -5.0, 60.0
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
    """A network learns in steps: few clips are passed more often, but many clips not less than a number of times.

    Parameters
    ----------
    n_clips : int

    Returns
    -------
    n_epochs : int
        14 to 120.
    """
    n_clips = max(1, n_clips)
    n_epochs = MIN_STEPS * auto_batch_size(n_clips) // n_clips  # whatever batch_size is: what is seen counts
    return min(max(n_epochs, MIN_EPOCHS), MAX_EPOCHS)


def auto_sentence_batch_size(n_clips):
    """The same for sentences, which are long: half of the clips a step.

    Parameters
    ----------
    n_clips : int

    Returns
    -------
    batch_size : int
        4 to 16.
    """
    return min(16, max(4, n_clips // 16))


def auto_sentence_epochs(n_clips):
    """The same for sentences: more passes, because when a symbol is said has to be found out as well.

    Parameters
    ----------
    n_clips : int

    Returns
    -------
    n_epochs : int
        40 to 80.
    """
    n_epochs = SENTENCE_STEPS * auto_sentence_batch_size(n_clips) // max(1, n_clips)
    return min(max(n_epochs, MIN_SENTENCE_EPOCHS), MAX_SENTENCE_EPOCHS)


def auto_snr(clips):
    """The range of signal-to-noise ratios for decibels that have a floor; None for others.

    Parameters
    ----------
    clips : ndarray of shape (n, n_frames, n_features), or list of ndarray of shape (n_frames_i, n_features)

    Returns
    -------
    snr : tuple of two float or None
        dB.
    """
    return SNR_DB if _are_floored_decibels(clips) else None


def _are_floored_decibels(clips):
    """Whether the lowest value of a clip is in several features, always as far below the loudest.

    That distance is smaller in clips so faint that `amin` is their floor.
    """
    if max(map(len, clips)) == 1:
        return False
    ranges: list[float] = []
    for clip in clips:
        lowest, highest = clip.min(), clip.max()
        if highest > lowest and np.count_nonzero((clip == lowest).any(axis=0)) > 1:
            ranges.append(highest - lowest)
    largest = max(ranges, default=0.0)
    n_same = np.count_nonzero(np.array(ranges) > largest - 0.1)  # float16 rounds by 0.06
    return _TOP_DB_RANGE[0] <= largest <= _TOP_DB_RANGE[1] and n_same >= max(2, len(ranges) / 10)
