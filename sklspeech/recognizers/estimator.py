"""The classifiers: labels, from clips."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
from sklearn.base import ClassifierMixin, TransformerMixin
from sklearn.callback import with_callbacks

from .. import networks
from .auto import auto_batch_size, auto_epochs
from .base import KerasSpeechEstimator, to_python
from .batches import Batches
from .inputs import ClipInputs
from .parameters import ClassifierParameters
from .splits import split_validation
from .targets import check_multilabel, one_hot, warn_of_sentences, weigh
from .transfer import HEAD


@dataclass(eq=False, repr=False, kw_only=True)
class KerasSpeechClassifier(ClipInputs, ClassifierMixin, TransformerMixin, ClassifierParameters, KerasSpeechEstimator):
    """The base of the classifiers.

    A subclass names an encoder and has its parameters.
    """

    _encoder: ClassVar[Callable]
    _pooling: ClassVar[str] = "mean"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    # Training

    @with_callbacks
    def fit(self, X, y, sample_weight=None, groups=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features), or (n, n_features), which is one frame a clip; or list of n
            arrays of shape (n_frames_i, n_features), for clips of different lengths
        y : array-like of shape (n,), or of shape (n, n_labels)
            Labels, str or int; or 1 for every label that a clip has and 0 for the others, several a clip.
        sample_weight : array-like of shape (n,) or None, default=None
            Weights relative to each other. Nothing is learned from a clip of weight 0, but that its label is a class.
        groups : array-like of shape (n,) or None, default=None
            Speaker of every clip. With `early_stopping`, no speaker is on both sides of the split. They come through a
            pipeline or a search where scikit-learn's metadata routing is on and ``set_fit_request(groups=True)`` asks.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            X or y cannot be used, a label, weight or group is missing, there is one class alone, a parameter is out of
            its range, or the loss or a weight of the network became NaN or infinite.
        KeyboardInterrupt
            It was interrupted. After the first epoch the weights of that moment are kept, and the estimator predicts.
        """
        return self._fit(X, y, sample_weight, groups)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch, at a constant learning rate and without early stopping.

        The first call learns the normalization and what ``"auto"`` is, from its clips alone.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features) or (n, n_features), or list of n arrays of shape (n_frames_i,
            n_features)
        y : array-like of shape (n,)
            Labels.
        classes : array-like of shape (n_classes,) or None, default=None
            Every label that will ever come. Only the first call looks at it, and None means those of its `y`.
        sample_weight : array-like of shape (n,) or None, default=None
            Weights, which multiply the learning rate; `fit` scales them to a mean of 1.

        Returns
        -------
        self : object
        """
        return self._partial_fit(X, y, classes, sample_weight)

    def _remark_on(self, labels):
        warn_of_sentences(labels)

    def _learn_labels(self, labels):
        self.multilabel_ = np.ndim(labels) > 1
        self.classes_ = np.arange(labels.shape[1]) if self.multilabel_ else np.unique(labels)
        if len(self.classes_) < 2 and not self.multilabel_:
            only = self.classes_.tolist()[0]
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in the data, but the data contains only "
                f"one class: {only!r}"
            )

    def _head_labels(self):
        return self.classes_

    def _targets(self, clips, labels):
        """Shares of the classes, (n, n_classes), float32."""
        if labels.ndim > 1 or self.multilabel_:
            return check_multilabel(labels, self.classes_, self.multilabel_)
        return one_hot(labels, self.classes_)

    def _weigh(self, labels, weights):
        return weigh(labels, weights, self.class_weight)

    def _split(self, labels, groups):
        return split_validation(labels, groups, self.validation_fraction, self._random_seed)

    def _batches(self, clips, targets, weights, indices, seed):
        return Batches(clips, targets, weights, indices, self._batch_size(len(indices)), seed, self.mixup)

    def _auto_epochs(self, n_clips):
        return auto_epochs(n_clips)

    def _auto_batch_size(self, n_clips):
        return auto_batch_size(n_clips)

    # The network

    def _encoder_params(self):
        names = list(inspect.signature(self._encoder).parameters)[2:]
        return {name: to_python(getattr(self, name)) for name in names}

    def _build(self):
        return self._build_around(functools.partial(self._encoder, **self._network_params["encoder"]))

    def _build_around(self, encoder):
        return networks.classifier(
            self.input_shape_,
            len(self.classes_),
            encoder,
            pooling=self._pooling,
            dropout=self._network_params["dropout"],
            recipe=networks.Recipe(**self._network_params["recipe"]),
            multilabel=self.multilabel_,
        )

    def _compile_params(self):
        return *super()._compile_params(), self.label_smoothing, self.multilabel_

    def _loss_and_metrics(self):
        losses = keras.losses.BinaryCrossentropy if self.multilabel_ else keras.losses.CategoricalCrossentropy
        accuracy = keras.metrics.BinaryAccuracy if self.multilabel_ else keras.metrics.CategoricalAccuracy
        # An instance: by its name the metric is made within the first trace, which Keras then throws away.
        return losses(label_smoothing=self.label_smoothing), [accuracy(name="accuracy")]

    # Prediction

    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features) or (n, n_features), or list of n arrays of shape (n_frames_i,
            n_features)

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes), float32
            Columns in the order of `classes_`; where clips have several labels, of each by itself.
        """
        self._check_can_predict()
        return self._outputs(self._network.model, X, len(self.classes_))

    def _outputs(self, model, X, n_units):
        """What a network makes of clips, (n, n_units)."""
        clips, _ = self._check_clips(X)
        outputs = np.empty((len(clips), n_units), np.float32)
        for indices, of_batch in self._predict_in_batches(model, clips):
            outputs[indices] = of_batch
        return outputs

    def transform(self, X):
        """The embedding of every clip: the vector that the head makes probabilities of.

        A recognizer in the middle of a pipeline is trained together with it. Within a `sklearn.frozen.FrozenEstimator`
        it stays as it is: ``Pipeline([MelFeatures(), FrozenEstimator(recognizer), LogisticRegression()])``.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features) or (n, n_features), or list of n arrays of shape (n_frames_i,
            n_features)

        Returns
        -------
        embedding : ndarray of shape (n, n_units), float32
        """
        self._check_can_predict()
        if not self._network.model.get_layer(HEAD).weights:
            raise ValueError(f"{type(self).__name__} has no embedding: its keras.Model goes to the probabilities")
        network = self._network.before(HEAD)
        return self._outputs(network, X, network.output_shape[-1])

    def predict(self, X):
        """The most probable class of every clip.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features) or (n, n_features), or list of n arrays of shape (n_frames_i,
            n_features)

        Returns
        -------
        labels : ndarray of shape (n,), or of shape (n, n_labels)
            Of several labels a clip those that are more probable than not are 1.
        """
        probabilities = self.predict_proba(X)
        return (probabilities > 0.5).astype(int) if self.multilabel_ else self.classes_[probabilities.argmax(axis=1)]
