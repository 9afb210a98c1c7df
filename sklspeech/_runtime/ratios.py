"""Ranges of signal-to-noise ratios, as parameters."""

import numpy as np


def check_snr(snr):
    """Raise where a parameter is no range of signal-to-noise ratios.

    Parameters
    ----------
    snr : tuple or list
        Lowest and highest ratio in dB.

    Raises
    ------
    ValueError
        It has another length, is not finite, or the wrong way round.
    """
    is_range = len(snr) == 2 and all(isinstance(ratio, int | float | np.number) for ratio in snr)
    if not is_range or not np.isfinite(snr).all() or snr[0] > snr[1]:
        raise ValueError(f"snr must be the lowest and the highest ratio in dB, got {snr!r}")
