"""Batches of clips, as a network is trained on them."""

import weakref
from typing import Any

import keras
import numpy as np

from ..features.frames import network_inputs, take_clips

_BATCHES_OF_WINDOW = 16  # among whose clips those of similar length are put together


class Batches(keras.utils.PyDataset):
    """Batches of nearly the same size, in an order that the seed and the epoch alone decide.

    Clips of different lengths are put together with others of similar length, and padded.

    Parameters
    ----------
    clips : ndarray of shape (n, n_frames, n_features), or list of ndarray of shape (n_frames_i, n_features)
    targets : ndarray of shape (n, n_classes), float32, or list of ndarray of shape (n_labels_i,), int32
        Those of a list are padded with -1.
    weights : ndarray of shape (n,), float32
    indices : ndarray of int
        Positions of the clips to train on.
    batch_size : int
        Largest number of clips of a batch.
    seed : int or sequence of int
    mixup : float, default=0.0
        Above 0, every clip is mixed with another one of its batch, by a share drawn from Beta(mixup, mixup) (H. Zhang
        et al., mixup: Beyond Empirical Risk Minimization, 2018). For clips of one length.
    join : callable or None, default=None
        Half of the batches, drawn anew in every epoch, go through it: it takes lists of clips and targets, and an array
        of weights, and gives the same of fewer and longer clips.

    Raises
    ------
    ValueError
        Clips of different lengths are to be mixed.
    """

    def __init__(self, clips, targets, weights, indices, batch_size, seed, mixup=0.0, join=None):
        super().__init__()
        if mixup and isinstance(clips, list):
            raise ValueError(f"mixup={mixup} needs clips of one length: give the features a duration, or use 0")
        self._clips, self._targets, self._weights = clips, targets, weights
        self._indices = indices
        self._mixup = mixup
        self._join = join
        self._n_batches = -(-len(indices) // batch_size)
        self._random = np.random.default_rng(seed)
        self.shuffle()

    def __len__(self):
        return self._n_batches

    def __getitem__(self, i):
        *inputs, targets, weights = self._arrays(i)
        return inputs[0] if len(inputs) == 1 else tuple(inputs), targets, weights

    def _arrays(self, i):
        """Arrays of batch i: those that go into the network, targets, weights."""
        chosen = self._order[i]
        clips, targets = take_clips(self._clips, chosen), take_clips(self._targets, chosen)
        weights = self._weights[chosen]
        if self._join and self._is_joined[i]:
            clips, targets, weights = self._join(clips, targets, weights)
        if isinstance(targets, list):
            targets = _padded(targets)
        arrays = *network_inputs(clips), targets, weights
        return tuple(self._mixed(array, self._shares[i]) for array in arrays) if self._mixup else arrays

    @staticmethod
    def _mixed(array, share):
        share = share[: len(array)].reshape(-1, *[1] * (array.ndim - 1))
        return share * array + (1 - share) * np.roll(array, 1, axis=0)

    def shuffle(self):
        """Draw a new order."""
        order = self._random.permutation(self._indices)
        if isinstance(self._clips, list):
            window = np.arange(len(order)) * self._n_batches // len(order) // _BATCHES_OF_WINDOW
            order = order[np.lexsort(([len(self._clips[i]) for i in order], window))]
        self._order = np.array_split(order, self._n_batches)
        if isinstance(self._clips, list):
            self._order = [self._order[i] for i in self._random.permutation(self._n_batches)]
        if self._join:
            self._is_joined = self._random.uniform(size=self._n_batches) < 0.5
        if self._mixup:
            shape = self._n_batches, max(map(len, self._order))
            self._shares = self._random.beta(self._mixup, self._mixup, shape).astype(np.float32)

    def get_state(self):
        """What later orders depend on.

        Returns
        -------
        state : dict
            That JSON can hold.
        """
        return self._random.bit_generator.state

    def set_state(self, state):
        """Go on from such a state; the next order is drawn by `shuffle`.

        Parameters
        ----------
        state : dict
        """
        self._random.bit_generator.state = state

    def for_keras(self):
        """The data for `keras.Model.fit`: itself or, with TensorFlow, a dataset that is made without a generator.

        Keras makes one from a generator. With Python 3.11 and newer the first of these in a process has TensorFlow set
        glibc's M_MMAP_THRESHOLD, for good: every tensor larger than 128 KB is given back to the system when it is
        freed, and fresh pages for every tensor of every step took up to half of the time of training.

        Returns
        -------
        dataset : PyDataset or tf.data.Dataset
        """
        if keras.backend.backend() != "tensorflow":
            return self
        import tensorflow as tf

        this: Any = weakref.proxy(self)  # TensorFlow keeps the function for ever, and it is not to keep the clips
        examples = self._arrays(0)
        # Only the first axis, the batch, varies; of clips of different lengths the second as well: one trace for all.
        shapes = [(None, *array.shape[1:]) for array in examples]
        if isinstance(self._clips, list):
            shapes[0] = (None, None, examples[0].shape[2])
        if isinstance(self._targets, list):
            shapes[-2] = (None, None)

        def take(i):
            arrays = tf.numpy_function(lambda i: this._arrays(i), [i], [array.dtype for array in examples])
            for array, shape in zip(arrays, shapes, strict=True):
                array.set_shape(shape)
            *inputs, targets, weights = arrays
            return inputs[0] if len(inputs) == 1 else tuple(inputs), targets, weights

        options = tf.data.Options()
        # There is nothing to tune; on one core the end of an epoch waits up to a second for the thread that tunes.
        options.autotune.enabled = False
        return tf.data.Dataset.range(len(self)).map(take).with_options(options)


def _padded(targets):
    """Rows of labels, each of its own length, as a table: to few lengths, of which networks may be traced for each."""
    longest = -(-max(map(len, targets)) // 16) * 16
    table = np.full((len(targets), longest), -1, np.int32)
    for row, labels in zip(table, targets, strict=True):
        row[: len(labels)] = labels
    return table
