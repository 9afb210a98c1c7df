"""A Keras network as a well-behaved classifier: the one place that knows scikeras.

scikeras' `BaseWrapper` says how a Keras network is a scikit-learn estimator: `initialize`, `fit`, `partial_fit`,
`predict`, warm starts and epochs that are counted. Here these are written out, so that `fit` reads from top to bottom,
with right tags, strict parameters, clips of any length, prediction without `keras.Model.predict`, and a lean pickle.
"""

import functools
import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import ClassVar

import keras
import numpy as np
from scikeras.wrappers import BaseWrapper
from sklearn.base import ClassifierMixin, TransformerMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from .. import networks
from ..features.frames import batch_indices, network_inputs, take_clips
from ..features.labels import check_no_missing
from ..spectral import normalize
from .auto import auto_batch_size, auto_epochs, auto_snr
from .batches import Batches
from .callbacks import STEPS_AT_ONCE, EpochTasks, LearningRate, RefuseNaN, Shuffle, copies_of
from .inputs import ClipInputs
from .network_pool import PooledNetwork, check_not_forked, is_forked
from .old_pickles import with_names_of_today
from .parameters import TrainingParameters
from .splits import split_validation
from .targets import check_multilabel, one_hot, warn_of_sentences, weigh, with_weight
from .transfer import HEAD, freeze_layers, take_over

_PREDICT_CLIPS, _PREDICT_FRAMES = 256, 2**15  # that go through the network together


@dataclass(eq=False, repr=False, kw_only=True)
class KerasSpeechClassifier(
    ClipInputs, CallbackSupportMixin, ClassifierMixin, TransformerMixin, TrainingParameters, BaseWrapper
):
    """The base of the classifiers: training, prediction, persistence.

    A subclass names an encoder and has its parameters. As dataclasses their `__init__` has every parameter by name and
    only stores it.
    """

    _encoder: ClassVar[Callable]
    _pooling: ClassVar[str] = "mean"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
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
        self._validate_params()
        check_consistent_length(X, y, groups)
        check_no_missing(groups, "groups")
        is_new = not (self.warm_start and self.initialized_)
        all_clips, all_labels = self._check_clips(X, y, reset=is_new)
        if is_new:
            warn_of_sentences(all_labels)
        clips, labels, weights, groups = with_weight(all_clips, all_labels, sample_weight, groups)
        n_epochs = auto_epochs(len(labels)) if self.epochs == "auto" else self.epochs
        context = self._init_callback_context(max_subtasks=n_epochs)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        if is_new:
            self._begin(clips, classes=all_labels)
        targets = self._targets(labels)
        weights = weigh(labels, weights, self.class_weight)
        weights /= weights.mean()  # a learning rate suits a mean of 1
        train, held_out = np.arange(len(labels)), None
        if self.early_stopping:
            train, validation = split_validation(labels, groups, self.validation_fraction, self._random_seed)
            size = self._batch_size(len(train)) if isinstance(clips, list) else _PREDICT_CLIPS  # of bounded memory
            held_out = Batches(clips, targets, weights, validation, size, 0)
        batches = Batches(clips, targets, weights, train, self._batch_size(len(train)), self._random_seed, self.mixup)
        n_falling = n_epochs if self.learning_rate_schedule == "cosine" else None
        callbacks = [
            Shuffle(batches),
            LearningRate(self.learning_rate, len(batches), n_falling),
            *copies_of(self.callbacks),
        ]
        if held_out is not None:
            callbacks.append(keras.callbacks.EarlyStopping(patience=self.n_iter_no_change, restore_best_weights=True))
        callbacks.append(EpochTasks(context, self, clips, labels))
        self._train(batches, held_out, n_epochs, callbacks)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

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
        self._validate_params()
        is_new = not self.initialized_
        all_clips, all_labels = self._check_clips(X, y, reset=is_new)
        clips, labels, weights, _ = with_weight(all_clips, all_labels, sample_weight)
        if is_new:
            self._begin(clips, all_labels if classes is None else classes)
        targets, weights = self._targets(labels), weigh(labels, weights, self.class_weight)
        seed, everything = (self._random_seed, self.current_epoch), np.arange(len(labels))
        batches = Batches(clips, targets, weights, everything, self._batch_size(len(labels)), seed, self.mixup)
        callbacks = [Shuffle(batches), LearningRate(self.learning_rate, len(batches), None), *copies_of(self.callbacks)]
        self._train(batches, None, 1, callbacks, self.current_epoch)
        return self

    def initialize(self, X, y):
        """Learn classes and normalization, and make a network with new weights, which is not trained yet.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features) or (n, n_features), or list of n arrays of shape (n_frames_i,
            n_features)
        y : array-like of shape (n,)
            Labels.

        Returns
        -------
        self : object
        """
        self._validate_params()
        self._begin(*self._check_clips(X, y, reset=True))
        return self

    @property
    def initialized_(self):
        """Whether there is a network."""
        return "_network" in vars(self)

    def _begin(self, clips, classes):
        """Learn classes and normalization, and get a network with new weights."""
        self.__dict__.pop("history_", None)
        self.multilabel_ = np.ndim(classes) > 1
        self.classes_ = np.arange(classes.shape[1]) if self.multilabel_ else np.unique(classes)
        if len(self.classes_) < 2 and not self.multilabel_:
            only = self.classes_.tolist()[0]
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in the data, but the data contains only "
                f"one class: {only!r}"
            )
        # A RandomState is advanced, as everywhere in scikit-learn; scikeras would copy it.
        self._random_seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.snr_ = auto_snr(clips) if self.snr == "auto" else _to_python(self.snr)
        recipe = {field.name: _to_python(getattr(self, field.name)) for field in fields(networks.Recipe)}
        self._network_params = {
            "encoder": self._encoder_params(),
            "multilabel": self.multilabel_,
            "dropout": _to_python(self.dropout),
            "recipe": recipe | {"snr": self.snr_},
        }
        self._get_network()
        self.layers_taken_over_ = []
        if self.initialize_from is not None:
            self.layers_taken_over_ = take_over(self._network.model, self.classes_, self.initialize_from)
        if "standardize" not in self.layers_taken_over_:
            self._network.model.get_layer("standardize").adapt(self._level_frames(clips))

    def _encoder_params(self):
        """What the encoder takes besides features and mask."""
        names = list(inspect.signature(self._encoder).parameters)[2:]
        return {name: _to_python(getattr(self, name)) for name in names}

    def _level_frames(self, clips):
        """Frames as they come to be standardized, some clips at a time: each clip's own mean is taken out before."""
        levels = self.normalization and self.input_shape_[0] != 1
        for indices in batch_indices(clips, _PREDICT_CLIPS, _PREDICT_FRAMES):
            some = take_clips(clips, indices)
            yield np.concatenate([normalize(clip, self.normalization) if levels else clip for clip in some])

    def _targets(self, labels):
        """What the network is to give, (n, n_classes), float32."""
        if labels.ndim > 1 or self.multilabel_:
            return check_multilabel(labels, self.classes_, self.multilabel_)
        return one_hot(labels, self.classes_)

    def _batch_size(self, n_clips):
        return auto_batch_size(n_clips) if self.batch_size == "auto" else self.batch_size

    def _train(self, batches, held_out, n_epochs, callbacks, initial_epoch=0):
        """Train the network, and append to its history."""
        check_not_forked()
        model, earlier = self._network.model, self.__dict__.pop("history_", {})
        model.history = None  # that of the estimator which had the network before
        try:
            history = model.fit(
                batches.for_keras(),
                epochs=initial_epoch + n_epochs,
                initial_epoch=initial_epoch,
                validation_data=None if held_out is None else held_out.for_keras(),
                callbacks=[*callbacks, RefuseNaN(type(self).__name__, self.learning_rate)],
                shuffle=False,  # Batches does it; Keras would, without our seed
                verbose=self.verbose,
            )
        except KeyboardInterrupt:
            self._keep_interrupted(n_epochs, earlier)
            raise
        if not all(np.isfinite(weight).all() for weight in model.get_weights()):
            raise ValueError(RefuseNaN.message(type(self).__name__, "a weight", "NaN or infinite", self.learning_rate))
        self.history_ = _appended(earlier, history.history)

    def _keep_interrupted(self, n_epochs, earlier):
        """Keep what an interrupted training has come to, if it came to an end of an epoch."""
        model = self._network.model
        history = getattr(getattr(model, "history", None), "history", {})
        n_done = len(history.get("loss", ()))
        if not n_done:
            if earlier:
                self.history_ = earlier  # weights changed by less than an epoch
            return
        model.optimizer.finalize_variable_values(model.trainable_variables)
        self.history_ = _appended(earlier, history)
        warnings.warn(
            f"training was interrupted after {n_done} of {n_epochs} epochs: the {type(self).__name__} keeps what it "
            "has learned until then, and predicts",
            stacklevel=5,
        )

    # The network

    def _get_network(self):
        """Get a network of the fitted shape, compiled."""
        self.__dict__.pop("_network", None)  # back to the pool first, if there is an earlier one
        params, policy = repr(self._network_params), keras.config.dtype_policy().name  # as text: 8.0 is not 8
        key = (type(self), policy, self.input_shape_, len(self.classes_), params, *self._compile_params())
        self._network = PooledNetwork(key, self._random_seed, self._build, self._compile)

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
        """All that is traced into the training step; the learning rate is a variable, which a callback sets."""
        made_by: tuple = (self.optimizer,)
        if isinstance(self.optimizer, functools.partial):  # copies of a partial are not equal, what is in them is
            made_by = (self.optimizer.func, self.optimizer.args, tuple(sorted(self.optimizer.keywords.items())))
        return *made_by, self.weight_decay, self.ema_momentum, self.label_smoothing, self.trainable

    def _compile(self, model):
        freeze_layers(model, self.trainable)
        make = type(keras.optimizers.get(self.optimizer)) if isinstance(self.optimizer, str) else self.optimizer
        ema = {} if self.ema_momentum is None else {"use_ema": True, "ema_momentum": self.ema_momentum}
        optimizer = make(learning_rate=self.learning_rate, weight_decay=self.weight_decay, **ema)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        losses = keras.losses.BinaryCrossentropy if self.multilabel_ else keras.losses.CategoricalCrossentropy
        accuracy = keras.metrics.BinaryAccuracy if self.multilabel_ else keras.metrics.CategoricalAccuracy
        # An instance: by its name the metric is made within the first trace, which Keras then throws away.
        metrics = [accuracy(name="accuracy")]
        loss = losses(label_smoothing=self.label_smoothing)
        # Several steps at once: the way through Python between them takes a tenth of the time of training.
        model.compile(optimizer=optimizer, loss=loss, metrics=metrics, steps_per_execution=STEPS_AT_ONCE)

    @property
    def network(self):
        """The network, for a look that leaves it in the pool of networks."""
        check_is_fitted(self, "classes_")
        return self._network.model

    @property
    def model_(self):
        """The network; it is not lent to other estimators any more."""
        if not self.initialized_:
            raise AttributeError(f"{type(self).__name__} has no model_ before fit")
        return self._network.detach()

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
        check_is_fitted(self, "history_")  # set when training is done
        check_not_forked()
        return self._outputs(self._network.model, X, len(self.classes_))

    def _outputs(self, model, X, n_units):
        """What a network makes of clips, (n, n_units)."""
        clips, _ = self._check_clips(X)
        outputs = np.empty((len(clips), n_units), np.float32)
        for indices in batch_indices(clips, _PREDICT_CLIPS, _PREDICT_FRAMES):
            inputs = network_inputs(take_clips(clips, indices))
            # predict_on_batch is the traced network itself; keras.Model.predict takes 40 ms to set up, even for a clip.
            outputs[indices] = model.predict_on_batch(inputs[0] if len(inputs) == 1 else inputs)
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
        check_is_fitted(self, "history_")
        check_not_forked()
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

    # Persistence: weights and our own parameters; the network is built again from code, the optimizer is left behind.

    def __getstate__(self):
        state = dict(super().__getstate__())
        network = state.pop("_network", None)
        if network is not None:
            state["_network_weights"] = network.model.get_weights()
        return state

    def __setstate__(self, state):
        state = with_names_of_today(dict(state))
        weights = None if is_forked() else state.pop("_network_weights", None)  # left as they are, to be refused in use
        super().__setstate__(state)
        if weights is not None:
            self._get_network()
            self._network.model.set_weights(weights)


def _appended(earlier, history):
    """The history of earlier epochs, and of those that followed."""
    return {name: [*earlier.get(name, []), *map(float, values)] for name, values in history.items()}


def _to_python(value):
    """NumPy numbers as Python's, which Keras insists on."""
    if isinstance(value, list | tuple):
        return tuple(_to_python(item) for item in value)
    return value.item() if isinstance(value, np.generic) else value
