"""What a transcriber does with the probabilities of a network, trained or frozen."""

from abc import abstractmethod
from collections.abc import Callable

import numpy as np

from .alignment import align_symbols, spell_words
from .decoder import Decoder
from .scores import score_texts
from .sentences import check_lengths, check_sentences


class TranscriberMixin:
    """Prediction of sentences, words with times, alignment and score."""

    normalize: str | Callable | None

    @property
    @abstractmethod
    def frames_per_step_(self) -> int:
        """Frames of a step."""

    @abstractmethod
    def _transcriber(self) -> Decoder:
        """The decoder; raises where nothing is learned."""

    @abstractmethod
    def _clips(self, X) -> list:
        """Checked features."""

    @abstractmethod
    def _log_probabilities(self, clips) -> list:
        """What the network gives of every clip, (n_steps_i, n_symbols) each."""

    def predict(self, X):
        """What is said in every clip.

        Parameters
        ----------
        X : list of n arrays of shape (n_frames_i, n_features), or array-like of shape (n, n_frames, n_features)
            Features of the clips.

        Returns
        -------
        sentences : ndarray of shape (n,), object
            One str a clip, in the form that `normalize` says.
        """
        decoder = self._transcriber()
        steps_of_clips = self._log_probabilities(self._clips(X))
        found = np.empty(len(steps_of_clips), dtype=object)
        found[:] = [decoder.symbols.decode(decoder.decode(steps)) for steps in steps_of_clips]
        return found

    def predict_log_proba(self, X):
        """Logarithms of the probabilities of symbols in every step.

        Parameters
        ----------
        X : list of n arrays of shape (n_frames_i, n_features), or array-like of shape (n, n_frames, n_features)
            Features of the clips.

        Returns
        -------
        log_probabilities : list of n arrays of shape (n_steps_i, n_symbols + 1), float32
            In the order of `symbols_`, the blank last.
        """
        self._transcriber()
        return self._log_probabilities(self._clips(X))

    def predict_words(self, X, frame_rate=100.0):
        """The words of every clip, with times and confidence.

        Parameters
        ----------
        X : list of n arrays of shape (n_frames_i, n_features), or array-like of shape (n, n_frames, n_features)
            Features of the clips.
        frame_rate : float, default=100.0
            Frames of the features a second: sample rate / hop length. `sklspeech.Pipeline` gives that of its features.

        Returns
        -------
        words : list of list of Word
            ``Word(text, start, end, confidence)``, times in seconds, confidence from 0 to 1.
        """
        decoder = self._transcriber()
        steps_of_clips = self._log_probabilities(self._clips(X))
        return [self._words(decoder, steps, decoder.decode(steps), frame_rate) for steps in steps_of_clips]

    def align(self, X, y, frame_rate=100.0):
        """When the words of known sentences are said.

        Characters that no training sentence had are passed over.

        Parameters
        ----------
        X : list of n arrays of shape (n_frames_i, n_features), or array-like of shape (n, n_frames, n_features)
            Features of the clips.
        y : array-like of shape (n,), str
            What is said in every clip.
        frame_rate : float, default=100.0
            Frames of the features a second: sample rate / hop length. `sklspeech.Pipeline` gives that of its features.

        Returns
        -------
        words : list of list of Word

        Raises
        ------
        ValueError
            All symbols of a word are unknown, or a sentence is too long for its clip.
        """
        decoder, clips = self._transcriber(), self._clips(X)
        sentences = check_sentences(y, self.normalize, type(self).__name__)
        if len(sentences) != len(clips):
            raise ValueError(f"X has {len(clips)} clips, y has {len(sentences)} sentences")
        encoded = [_encode_known(decoder.symbols, sentence) for sentence in sentences]
        check_lengths(clips, encoded, self.frames_per_step_, type(self).__name__)
        steps_of_clips = self._log_probabilities(clips)
        aligned = [
            self._words(decoder, steps, numbers, frame_rate)
            for steps, numbers in zip(steps_of_clips, encoded, strict=True)
        ]
        return [_with_texts(words, sentence) for words, sentence in zip(aligned, sentences, strict=True)]

    def _words(self, decoder, log_probabilities, numbers, frame_rate):
        if not len(numbers):
            return []
        spans = align_symbols(log_probabilities, numbers)
        return spell_words(decoder.symbols, numbers, spans, self.frames_per_step_ / frame_rate)

    def score(self, X, y, sample_weight=None):
        """1 minus the word error rate, over the words of all clips together.

        Parameters
        ----------
        X : list of n arrays of shape (n_frames_i, n_features), or array-like of shape (n, n_frames, n_features)
            Features of the clips.
        y : array-like of shape (n,), str
            What is said in every clip; it may be nothing.
        sample_weight : array-like of shape (n,) or None, default=None
            Weights of the clips' errors and words.

        Returns
        -------
        score : float
            1 where all is right; it may be below 0.
        """
        return score_texts(y, self.predict(X), self.normalize, sample_weight)

    def _n_steps(self, clip):
        return -(-len(clip) // self.frames_per_step_)


def _encode_known(symbols, sentence):
    """Numbers of the symbols that are known, of which every word has one."""
    for word in sentence.split():
        if not len(symbols.encode(word, skip_unknown=True)):
            raise ValueError(f"{word[:50]!r} cannot be aligned: no training sentence has any symbol of it")
    return symbols.encode(sentence, skip_unknown=True)


def _with_texts(words, sentence):
    """Words with all of their characters, also those that are not known."""
    texts = sentence.split()
    if len(texts) != len(words):  # an alphabet without a blank
        return words
    return [word._replace(text=text) for word, text in zip(words, texts, strict=True)]
