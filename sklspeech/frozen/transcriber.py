"""FrozenTranscriber: a trained network of sentences, and how they are found in what it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar

from .._runtime.public import public
from ..features.frames import check_frames
from ..text import Decoder
from ..text.transcribing import TranscriberMixin
from .network import FrozenNetwork


@public
@dataclass(eq=False, repr=False, kw_only=True)
class FrozenTranscriber(TranscriberMixin, FrozenNetwork):
    """A transcriber that is trained already and predicts with ONNX Runtime.

    `sklspeech.freeze` makes it of a trained `SpeechTranscriber`, with its decoder and language model. It does not
    train.

    Parameters
    ----------
    graph : bytes
        The ONNX graph, from padded features of shape (n, n_frames, n_features) and ``n_frames`` of shape (n,) to the
        logarithms of the probabilities of symbols, (n, n_steps, n_symbols).
    n_jobs : int or None, default=None
        Threads, each of which runs the network on 32 clips at a time; None is 1, -1 is one a core.
    decoder : sklspeech.text.Decoder
        From these to sentences.
    normalize : {"words", "unicode"}, callable or None, default="words"
        The form that sentences are compared and aligned in.
    frames_per_step : int, default=4
        Frames of a step.

    Attributes
    ----------
    symbols_ : list of str
        The alphabet.
    n_features_in_ : int
        Features of a frame.

    Examples
    --------
    >>> from sklspeech import MelFeatures, Pipeline, SpeechTranscriber, datasets, freeze
    >>> speech = datasets.make_spoken_sentences(["yes", "no"], n_speakers=2, n_takes=10, random_state=0)
    >>> network = SpeechTranscriber(width=16, n_layers=1, epochs=2, decoder="beam", vocabulary="train")
    >>> frozen = freeze(Pipeline([MelFeatures(duration=None), network]).fit(speech.data, speech.target))
    >>> frozen[-1].symbols_
    [' ', 'e', 'n', 'o', 's', 'y']
    """

    _parameter_constraints: ClassVar[dict] = {
        **FrozenNetwork._parameter_constraints,
        "decoder": [Decoder],
        "normalize": [str, callable, None],
        "frames_per_step": [Integral],
    }

    decoder: Decoder
    normalize: str | Callable | None = "words"
    frames_per_step: int = 4

    @property
    def symbols_(self):
        """The alphabet."""
        return list(self.decoder.symbols.symbols)

    @property
    def frames_per_step_(self):
        """Frames of a step."""
        return self.frames_per_step

    def _transcriber(self):
        return self.decoder

    def _clips(self, X):
        clips = list(check_frames(X))
        if clips[0].shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {clips[0].shape[1]} features, but FrozenTranscriber is expecting {self.n_features_in_} features"
            )
        return clips

    def _log_probabilities(self, clips):
        """What the network gives of every clip, a list of (n_steps_i, n_symbols)."""
        found: list = [None] * len(clips)
        for indices, outputs in self._run(clips):
            for i, steps in zip(indices, outputs, strict=True):
                found[i] = steps[: self._n_steps(clips[i])]
        return found
