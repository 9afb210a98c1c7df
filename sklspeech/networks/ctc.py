"""Connectionist temporal classification: sentences are learned without knowing when their symbols are said."""

import keras
from keras import ops

_LOWEST = -40.0  # of a logarithm of a probability; exp(-104) is 0 in float32


@keras.saving.register_keras_serializable("sklspeech")
class CTCLoss(keras.losses.Loss):
    """The negative logarithm of a sentence's probability, a symbol, summed over all ways to say it in the steps.

    A. Graves et al., Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent Neural
    Networks, ICML 2006. The blank is the last symbol. With TensorFlow the labels are sparse: its operation for dense
    ones, which `keras.ops.ctc_loss` takes, needs 6 to 14 times as long on a CPU.

    It takes targets of shape (n, 1 + n_labels): the number of a clip's steps, then its symbols, then -1; and logarithms
    of probabilities of shape (n, n_steps, n_symbols). A clip of fewer steps than its symbols need has no finite loss:
    it needs one a symbol, and one between two that are the same.

    Parameters
    ----------
    reduction : str, default="sum_over_batch_size"
        As in Keras.
    name : str, default="ctc"
        As in Keras.
    """

    def __init__(self, reduction="sum_over_batch_size", name="ctc"):
        super().__init__(name=name, reduction=reduction)

    def call(self, y_true, y_pred):
        targets = ops.cast(y_true, "int32")
        n_steps, labels = targets[:, 0], targets[:, 1:]
        n_labels = ops.sum(ops.cast(labels >= 0, "int32"), axis=1)
        losses = _losses(labels, n_labels, _bounded(y_pred), n_steps)
        return losses / ops.cast(ops.maximum(n_labels, 1), losses.dtype)

    def get_config(self):
        return {"reduction": self.reduction, "name": self.name}


def _bounded(log_probabilities):
    """Without those that are 0 in float32, whose logarithm makes the loss infinite; gradients go through unchanged."""
    bounded = ops.maximum(log_probabilities, _LOWEST)
    return log_probabilities + ops.stop_gradient(bounded - log_probabilities)


def _losses(labels, n_labels, log_probabilities, n_steps):
    blank = log_probabilities.shape[2] - 1
    if keras.backend.backend() != "tensorflow":
        return ops.ctc_loss(ops.maximum(labels, 0), log_probabilities, n_labels, n_steps, mask_index=blank)
    import tensorflow as tf

    indices = tf.where(labels >= 0)
    shape = tf.shape(labels, out_type=tf.int64)
    sparse = tf.SparseTensor(indices, tf.gather_nd(labels, indices), shape)
    return tf.nn.ctc_loss(sparse, log_probabilities, None, n_steps, logits_time_major=False, blank_index=blank)
