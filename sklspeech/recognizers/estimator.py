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
from sklearn.base import ClassifierMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import check_consistent_length, check_random_state, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, check_X_y, column_or_1d, validate_data

from .. import networks
from .._runtime.scikit_learn import _check_sample_weight
from ..features.frames import batch_indices, check_frames, is_ragged, network_inputs, refuse_paths, take_clips
from ..features.labels import check_labels, check_no_missing
from ..spectral import normalize
from .auto import auto_batch_size, auto_epochs, auto_floor
from .batches import Batches
from .callbacks import EpochTasks, LearningRate, RefuseNaN, Shuffle, copies_of
from .network_pool import PooledNetwork, check_not_forked, is_forked
from .parameters import TrainingParameters
from .splits import split_validation

_PREDICT_CLIPS, _PREDICT_FRAMES = 256, 2**15  # that go through the network together
_NO_LABELS = "no_validation"  # scikit-learn's word for an X without y


@dataclass(eq=False, repr=False, kw_only=True)
class KerasSpeechClassifier(CallbackSupportMixin, ClassifierMixin, TrainingParameters, BaseWrapper):
    """The base of the four classifiers: training, prediction, persistence.

    A subclass names an encoder and has its parameters. As dataclasses their `__init__` has every parameter by name and
    only stores it.
    """

    _encoder: ClassVar[Callable]
    _pooling: ClassVar[str] = "mean"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    # Training

    @with_callbacks
    def fit(self, X, y, sample_weight=None, groups=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features), or (n, n_features), which is one frame a clip; or list of n
            arrays of shape (n_frames_i, n_features), for clips of different lengths
        y : array-like of shape (n,)
            Labels, str or int.
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
            _warn_of_sentences(all_labels)
        clips, labels, weights, groups = _with_weight(all_clips, all_labels, sample_weight, groups)
        n_epochs = auto_epochs(len(labels)) if self.epochs == "auto" else self.epochs
        context = self._init_callback_context(max_subtasks=n_epochs)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        if is_new:
            self._begin(clips, classes=all_labels)
        targets = self._one_hot(labels)
        weights = self._weigh(labels, weights)
        weights /= weights.mean()  # a learning rate suits a mean of 1
        train, held_out = np.arange(len(labels)), None
        if self.early_stopping:
            train, validation = split_validation(labels, groups, self.validation_fraction, self._random_seed)
            size = self._batch_size(len(train)) if isinstance(clips, list) else _PREDICT_CLIPS  # of bounded memory
            held_out = Batches(clips, targets, weights, validation, size, 0)
        batches = Batches(clips, targets, weights, train, self._batch_size(len(train)), self._random_seed, self.mixup)
        n_steps = len(batches) * n_epochs if self.learning_rate_schedule == "cosine" else None
        callbacks = [Shuffle(batches), LearningRate(self.learning_rate, n_steps), *copies_of(self.callbacks)]
        if held_out is not None:
            callbacks.append(keras.callbacks.EarlyStopping(patience=self.n_iter_no_change, restore_best_weights=True))
        callbacks.append(EpochTasks(context, self, clips, labels))
        self.history_ = self._train(batches, held_out, n_epochs, callbacks)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch, at a constant learning rate and without early stopping.

        The first call learns the normalization and what ``floor="auto"`` is, from its clips alone.

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
        clips, labels, weights, _ = _with_weight(all_clips, all_labels, sample_weight)
        if is_new:
            self._begin(clips, all_labels if classes is None else classes)
        targets, weights = self._one_hot(labels), self._weigh(labels, weights)
        seed, everything = (self._random_seed, self.current_epoch), np.arange(len(labels))
        batches = Batches(clips, targets, weights, everything, self._batch_size(len(labels)), seed, self.mixup)
        callbacks = [Shuffle(batches), LearningRate(self.learning_rate, None), *copies_of(self.callbacks)]
        past = vars(self).get("history_", {})
        history = self._train(batches, None, 1, callbacks, self.current_epoch)
        self.history_ = {name: [*past.get(name, []), *values] for name, values in history.items()}
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

    def _check_clips(self, X, y=_NO_LABELS, reset=False):
        """Checked features, (n, n_frames, n_features) or a list of (n_frames_i, n_features), float32; and labels."""
        refuse_paths(X, type(self).__name__)
        if y is not _NO_LABELS:
            check_labels(y, type(self).__name__)
            check_classification_targets(y)
        if is_ragged(X):
            clips, y = check_frames(X), y if y is _NO_LABELS else column_or_1d(y, warn=True)
            shape = None, clips[0].shape[1]
        else:
            clips, y = self._check_array(X, y, reset)
            shape = clips.shape[1:]
        if reset:
            self.input_shape_, self.n_features_in_ = shape, shape[1]
        return self._of_fitted_shape(clips, shape), y

    def _check_array(self, X, y, reset):
        """Features of clips of one length, and labels."""
        params = {"dtype": np.float32, "allow_nd": True}
        if np.asarray(X).ndim > 2:  # validate_data takes axis 1 for the features
            checked = check_array(X, **params) if y is _NO_LABELS else check_X_y(X, y, **params)
        else:
            checked = validate_data(self, X, y, reset=reset, **params)
        X, y = (checked, y) if y is _NO_LABELS else checked
        if X.ndim > 3 or 0 in X.shape:
            raise ValueError(f"X must be of shape (n, n_frames, n_features) or (n, n_features), got {X.shape}")
        return X[:, None, :] if X.ndim == 2 else X, y

    def _of_fitted_shape(self, clips, shape):
        """Clips as the network takes them: an array where it has one length, a list where it has not."""
        n_frames, n_features = self.input_shape_
        if shape[1] == n_features and n_frames is None:
            return list(clips)
        lengths = {len(clip) for clip in clips} if shape[0] is None else {shape[0]}
        if shape[1] != n_features or lengths != {n_frames}:
            raise ValueError(
                f"X has clips of {', '.join(map(str, sorted(lengths)[:5]))} frames and {shape[1]} features, but "
                f"{type(self).__name__} is expecting {n_frames} frames and {n_features} features as input."
            )
        return np.stack(clips) if isinstance(clips, list) else clips

    def _begin(self, clips, classes):
        """Learn classes, floor and normalization, and get a network with new weights."""
        self.__dict__.pop("history_", None)
        self.classes_ = np.unique(classes)
        if len(self.classes_) < 2:
            only = self.classes_.tolist()[0]
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in the data, but the data contains only "
                f"one class: {only!r}"
            )
        # A RandomState is advanced, as everywhere in scikit-learn; scikeras would copy it.
        self._random_seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.floor_ = auto_floor(clips, self.normalization) if self.floor == "auto" else _to_python(self.floor)
        names = list(inspect.signature(self._encoder).parameters)[2:]
        recipe = {field.name: _to_python(getattr(self, field.name)) for field in fields(networks.Recipe)}
        self._network_params = {
            "encoder": {name: _to_python(getattr(self, name)) for name in names},
            "dropout": _to_python(self.dropout),
            "recipe": recipe | {"floor": self.floor_},
        }
        self._get_network()
        self._network.model.get_layer("standardize").adapt(self._level_frames(clips))

    def _level_frames(self, clips):
        """Frames as they come to be standardized, some clips at a time: each clip's own mean is taken out before."""
        levels = self.normalization and self.input_shape_[0] != 1
        for indices in batch_indices(clips, _PREDICT_CLIPS, _PREDICT_FRAMES):
            some = take_clips(clips, indices)
            yield np.concatenate([normalize(clip, self.normalization) if levels else clip for clip in some])

    def _one_hot(self, labels):
        """Shares of the classes, (n, n_classes), float32."""
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise ValueError(f"y has labels {unknown.tolist()} that are not among classes {self.classes_.tolist()}")
        return np.eye(len(self.classes_), dtype=np.float32)[np.searchsorted(self.classes_, labels)]

    def _weigh(self, labels, weights):
        """Weights of clips times those of their classes, float32."""
        if isinstance(self.class_weight, dict):
            for label, weight in self.class_weight.items():
                if not isinstance(weight, int | float | np.number) or not 0 <= weight < np.inf:
                    raise ValueError(f"class_weight of {label!r} must be a number of 0 or more, got {weight!r}")
        weights = weights * compute_sample_weight(self.class_weight, labels)
        if not weights.any():
            raise ValueError(f"no clip has a weight: sample_weight and class_weight={self.class_weight} are 0 for all")
        return weights.astype(np.float32)

    def _batch_size(self, n_clips):
        return auto_batch_size(n_clips) if self.batch_size == "auto" else self.batch_size

    def _train(self, batches, held_out, n_epochs, callbacks, initial_epoch=0):
        """Train the network; the history of these epochs."""
        check_not_forked()
        model, earlier = self._network.model, self.__dict__.pop("history_", None)
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
        return _as_floats(history.history)

    def _keep_interrupted(self, n_epochs, earlier):
        """Keep what an interrupted training has come to, if it came to an end of an epoch."""
        model = self._network.model
        history = getattr(getattr(model, "history", None), "history", {})
        n_done = len(history.get("loss", ()))
        if not n_done:
            if earlier is not None:
                self.history_ = earlier  # weights changed by less than an epoch
            return
        model.optimizer.finalize_variable_values(model.trainable_variables)
        self.history_ = _as_floats(history)
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
        return networks.classifier(
            self.input_shape_,
            len(self.classes_),
            functools.partial(self._encoder, **self._network_params["encoder"]),
            pooling=self._pooling,
            dropout=self._network_params["dropout"],
            recipe=networks.Recipe(**self._network_params["recipe"]),
        )

    def _compile_params(self):
        """All that is traced into the training step; the learning rate is a variable, which a callback sets."""
        made_by: tuple = (self.optimizer,)
        if isinstance(self.optimizer, functools.partial):  # copies of a partial are not equal, what is in them is
            made_by = (self.optimizer.func, self.optimizer.args, tuple(sorted(self.optimizer.keywords.items())))
        return *made_by, self.weight_decay, self.ema_momentum, self.label_smoothing

    def _compile(self, model):
        make = type(keras.optimizers.get(self.optimizer)) if isinstance(self.optimizer, str) else self.optimizer
        ema = {} if self.ema_momentum is None else {"use_ema": True, "ema_momentum": self.ema_momentum}
        optimizer = make(learning_rate=self.learning_rate, weight_decay=self.weight_decay, **ema)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=self.label_smoothing)
        # An instance: by its name the metric is made within the first trace, which Keras then throws away.
        model.compile(optimizer=optimizer, loss=loss, metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")])

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
            Columns in the order of `classes_`.
        """
        check_is_fitted(self, "history_")  # set when training is done
        check_not_forked()
        clips, _ = self._check_clips(X)
        probabilities = np.empty((len(clips), len(self.classes_)), np.float32)
        for indices in batch_indices(clips, _PREDICT_CLIPS, _PREDICT_FRAMES):
            inputs = network_inputs(take_clips(clips, indices))
            # predict_on_batch is the traced network itself; keras.Model.predict takes 40 ms to set up, even for a clip.
            probabilities[indices] = self._network.model.predict_on_batch(inputs[0] if len(inputs) == 1 else inputs)
        return probabilities

    def predict(self, X):
        """The most probable class of every clip.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features) or (n, n_features), or list of n arrays of shape (n_frames_i,
            n_features)

        Returns
        -------
        labels : ndarray of shape (n,)
        """
        most_probable = self.predict_proba(X).argmax(axis=1)
        return self.classes_[most_probable]

    # Persistence: weights and our own parameters; the network is built again from code, the optimizer is left behind.

    def __getstate__(self):
        state = dict(super().__getstate__())
        network = state.pop("_network", None)
        if network is not None:
            state["_network_weights"] = network.model.get_weights()
        return state

    def __setstate__(self, state):
        state = dict(state)
        weights = None if is_forked() else state.pop("_network_weights", None)  # left as they are, to be refused in use
        super().__setstate__(state)
        if weights is not None:
            self._get_network()
            self._network.model.set_weights(weights)


def _with_weight(clips, labels, sample_weight, groups=None):
    """Clips whose weight is not 0, with labels, weights and groups."""
    weights = _check_sample_weight(sample_weight, clips, dtype=np.float64, ensure_non_negative=True)
    groups = None if groups is None else np.asarray(groups)
    kept = np.flatnonzero(weights)
    if len(kept) in (0, len(weights)):
        return clips, labels, weights, groups
    return take_clips(clips, kept), labels[kept], weights[kept], None if groups is None else groups[kept]


def _warn_of_sentences(labels):
    """Warn where every clip has a label of its own."""
    n_words = [str(label).count(" ") for label in labels]
    if len(labels) > 3 and len(np.unique(labels)) == len(labels) and any(n_words):
        warnings.warn(
            f"each of the {len(labels)} clips has a label of its own: what was said, as a sentence, is for "
            "transcription, not for a classifier",
            stacklevel=4,
        )


def _as_floats(history):
    return {name: list(map(float, values)) for name, values in history.items()}


def _to_python(value):
    """NumPy numbers as Python's, which Keras insists on."""
    if isinstance(value, list | tuple):
        return tuple(_to_python(item) for item in value)
    return value.item() if isinstance(value, np.generic) else value
