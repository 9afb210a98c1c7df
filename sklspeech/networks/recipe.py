"""The layers before every encoder: normalization, and in training augmentation."""

from dataclasses import dataclass

import keras

from .augmentation import RandomFloor, RandomGain, RandomNoise, RandomTempo, RandomWarp, SpecAugment
from .layers import ClearPadding, Level, Standardize, StepMask

_MASKED_FRAMES = 25  # of a sentence, at most: a word is to be heard by the rest of it


@dataclass(frozen=True)
class Recipe:
    """Normalization of the features, and how training changes them; see the classifiers for more on each parameter.

    Parameters
    ----------
    normalization : {"clip", "feature"} or None, default="clip"
        Which mean is subtracted from every clip.
    masks : int, default=0
        Bands of features, and as many spans of frames, that are masked.
    speed : float, default=0.1
        Largest change of tempo.
    vocal_tract : float, default=0.15
        Largest change of the frequency axis.
    shift : float, default=0.1
        Largest shift in time, as a share of the clip.
    gain : float, default=0.0
        Largest change of the level in dB.
    snr : tuple of two float or None, default=None
        Lowest and highest signal-to-noise ratio in dB of added noise.
    floor : float or None, default=None
        Smallest distance in dB from the loudest value to a random floor.
    keep_ends : bool, default=False
        Whether a change of tempo may cut nothing off, and a mask hides no more than a quarter of a second: for
        sentences, whose last words are to be heard.
    """

    normalization: str | None = "clip"
    masks: int = 0
    speed: float = 0.1
    vocal_tract: float = 0.15
    shift: float = 0.1
    gain: float = 0.0
    snr: tuple[float, float] | None = None
    floor: float | None = None
    keep_ends: bool = False

    def begin(self, input_shape):
        """Begin a network.

        Parameters
        ----------
        input_shape : tuple of (int or None, int)
            Frames and features of a clip. With None clips are padded to the longest one of a batch, and a second input
            ``n_frames`` of shape (n,) says how long each is.

        Returns
        -------
        inputs : list of keras.KerasTensor
            The features, and where clips are padded, ``n_frames``.
        x : keras.KerasTensor
            Standardized features, (n, n_frames, n_features); 0 where clips are padded.
        mask : keras.KerasTensor or None
            1 for a frame and 0 for padding, (n, n_frames); None where no clip is padded.
        """
        inputs = [keras.Input(input_shape, name="features")]
        mask = None
        if input_shape[0] is None:
            inputs.append(keras.Input((), name="n_frames", dtype="int32"))
            mask = StepMask(name="mask")(*inputs)
        x = inputs[0]
        for layer in self._layers():
            x = layer(x, step_mask=mask)
        x = _clear(Standardize(name="standardize")(x), mask)
        if self.masks:
            longest = _MASKED_FRAMES if self.keep_ends else None
            x = SpecAugment(self.masks, 0.2, self.masks, 0.2, longest, name="spec_augment")(x, step_mask=mask)
        return inputs, x, mask

    def _layers(self):
        """The layers before features are standardized."""
        if self.snr is not None:
            yield RandomNoise(self.snr, name="noise")
        speed = 0.0 if self.keep_ends else self.speed
        if speed or self.vocal_tract or self.shift:
            yield RandomWarp(speed, self.vocal_tract, self.shift, name="warp")
        if self.keep_ends and self.speed:
            yield RandomTempo(self.speed, name="tempo")
        if self.normalization:
            yield Level(self.normalization, name="level")
        if self.gain:
            yield RandomGain(self.gain, name="gain")
        if self.floor is not None:
            # After the level: a floor raises the mean of a clip, and before it would lower the speech.
            yield RandomFloor(self.floor, name="floor")


def _clear(x, mask):
    return x if mask is None else ClearPadding(name="clear_features")(x, mask)
