"""The one place that knows scikeras: a Keras network as a well-behaved scikit-learn classifier.

scikeras runs the fit (build, warm start, epochs); this module gives it right tags, strict parameters, a stratified
inner split, seeds that leave global state as it was, prediction without `keras.Model.predict`, and a lean pickle.
"""

import copy
import functools
import inspect
import math
import os
import random
import weakref
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any, ClassVar

import keras
import numpy as np
from scikeras._utils import get_optimizer_class, route_params
from scikeras.wrappers import BaseWrapper
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import check_consistent_length, check_random_state, compute_sample_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples, check_array, check_is_fitted, check_X_y, validate_data

from ..networks import encoders as networks
from ..networks.optimizers import AdamW
from .network_pool import Lease

_EPOCHS = 30, 60, 300  # of epochs="auto": of many clips, in between, of few
_STEPS = 3000  # what few clips are to make
_CLIPS = 216_000  # what many clips are passed in all: some five minutes on 2 cores, and 60 epochs of 3,600
_WARM_UP = 0.1  # share of the steps in which the learning rate rises, before it falls along a cosine
_FLOOR = 35.0  # dB, of floor="auto"
_TOP_DB = 20.0, 150.0  # what is taken for the `top_db` of features
_MAX_DRAWS = 50  # of groups to set aside, until every class is left to train on
_CLIPS_PER_CALL = 256


def _limit_threads():
    """Keep to the share of the cores that joblib gives its workers, at which TensorFlow does not look."""
    share = os.environ.get("OMP_NUM_THREADS", "")
    if share.isdigit() and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with suppress(RuntimeError):  # TensorFlow is running already
            tf.config.threading.set_intra_op_parallelism_threads(int(share))
            tf.config.threading.set_inter_op_parallelism_threads(int(share))


_limit_threads()


@dataclass(eq=False, repr=False, kw_only=True)
class KerasSpeechClassifier(CallbackSupportMixin, ClassifierMixin, BaseWrapper):
    """What the four classifiers share: training, prediction, persistence.

    A subclass names the function of `networks` that builds its network, and has the parameters of that function. As
    dataclasses their `__init__` has every parameter by name and only stores it.
    """

    _network: ClassVar = ""  # name of the function in networks.py
    _parameter_constraints: ClassVar[dict] = {
        "normalization": [StrOptions({"clip", "feature"}), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "masks": [Interval(Integral, 0, None, closed="left")],
        "speed": [Interval(Real, 0, None, closed="left")],
        "vocal_tract": [Interval(Real, 0, None, closed="left")],
        "shift": [Interval(Real, 0, 1, closed="left")],
        "gain": [Interval(Real, 0, None, closed="left")],
        "noise": [Real, None],
        "floor": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"}), None],
        "mixup": [Interval(Real, 0, None, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "optimizer": [str, callable],
        "optimizer__learning_rate": [Interval(Real, 0, None, closed="neither")],
        "optimizer__weight_decay": [Interval(Real, 0, None, closed="left")],
        "ema_momentum": [Interval(Real, 0, 1, closed="neither"), None],
        "learning_rate_schedule": [StrOptions({"cosine", "constant"})],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "callbacks": [list, tuple, None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": [Interval(Integral, 0, 2, closed="both")],
    }

    normalization: str | None = "clip"
    dropout: float = 0.3
    masks: int = 1
    speed: float = 0.2
    vocal_tract: float = 0.1
    shift: float = 0.1
    gain: float = 0.0
    noise: float | None = None
    floor: float | str | None = "auto"
    mixup: float = 0.0
    epochs: int | str = "auto"
    batch_size: int | str = "auto"
    optimizer: str | type | Callable = "adamw"
    optimizer__learning_rate: float = 0.002
    optimizer__weight_decay: float = 0.05
    ema_momentum: float | None = None
    learning_rate_schedule: str = "cosine"
    label_smoothing: float = 0.1
    class_weight: dict | str | None = None
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 10
    callbacks: list | tuple | None = None
    warm_start: bool = False
    random_state: int | np.random.RandomState | None = None
    verbose: int = 0

    # scikeras takes every public attribute for a parameter and any routed name for a valid one; scikit-learn does not.
    _get_param_names = BaseEstimator.__dict__["_get_param_names"]
    __repr__ = BaseEstimator.__repr__

    def set_params(self, **params):
        """Set parameters.

        Parameters
        ----------
        **params : dict
            By the names of `get_params`, ``optimizer__learning_rate`` among them.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            There is no parameter of that name.
        """
        names = self._get_param_names()
        unknown = sorted(params.keys() - set(names))
        if unknown:
            raise ValueError(f"Invalid parameter {unknown[0]!r} for estimator {self}. Valid parameters are: {names}.")
        for name, value in params.items():
            setattr(self, name, value)
        return self

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
        X : array-like of shape (n, n_frames, n_features), or (n, n_features), which is one frame a clip
        y : array-like of shape (n,)
            Labels, str or int.
        sample_weight : array-like of shape (n,) or None, default=None
            Weights relative to each other.
        groups : array-like of shape (n,) or None, default=None
            Speaker of every clip. With `early_stopping`, no speaker is on both sides of the split. They come through a
            pipeline or a search where scikit-learn's metadata routing is on and ``set_fit_request(groups=True)`` asks.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            X or y cannot be used, or a parameter is out of its range.
        """
        self._validate_params()
        if self.early_stopping and self.ema_momentum is not None:
            raise ValueError("early_stopping keeps the best weights, ema_momentum the average of all: use one of them")
        check_consistent_length(X, groups)
        epochs = self._count_epochs(_num_samples(X))
        self._init_callback_context(max_subtasks=epochs).call_on_fit_task_begin(estimator=self, X=X, y=y)
        schedule = self.learning_rate_schedule
        super().fit(X, y, sample_weight=sample_weight, epochs=epochs, schedule=schedule, groups=groups)
        self._callback_fit_ctx.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch, at a constant learning rate and without early stopping.

        The first call learns the normalisation and what ``floor="auto"`` is, from its clips alone.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features) or (n, n_features)
        y : array-like of shape (n,)
        classes : array-like of shape (n_classes,) or None, default=None
            Every label that will ever come. Only the first call looks at it, and None means those of its `y`.
        sample_weight : array-like of shape (n,) or None, default=None

        Returns
        -------
        self : object
        """
        self._validate_params()
        self._expected_classes = classes
        try:
            return super().partial_fit(X, y, sample_weight=sample_weight, schedule=None)
        finally:
            del self._expected_classes

    def _validate_data(self, X, y=None, reset=False):
        """Check the input and give it its time axis: (n, n_frames, n_features), float32."""
        self._check_one_length(X)
        kwargs = {"dtype": np.float32, "allow_nd": True}
        if np.asarray(X).ndim > 2:  # validate_data takes axis 1 for the features
            checked = check_array(X, **kwargs) if y is None else check_X_y(X, y, **kwargs)
        else:
            checked = validate_data(self, X, **({} if y is None else {"y": y}), reset=reset, **kwargs)
        X, y = (checked, None) if y is None else checked
        if X.ndim > 3 or 0 in X.shape:
            raise ValueError(f"Expected X of shape (n, n_frames, n_features) or (n, n_features), got {X.shape}.")
        X = X[:, None, :] if X.ndim == 2 else X
        if reset:
            self.X_shape_ = X.shape
            self.n_features_in_ = X.shape[2]
        elif X.shape[1:] != self.X_shape_[1:]:
            raise ValueError(
                f"X has clips of {X.shape[1]} frames and {X.shape[2]} features, but {type(self).__name__} is expecting "
                f"{self.X_shape_[1]} frames and {self.X_shape_[2]} features as input."
            )
        return X, y

    def _check_one_length(self, X):
        if isinstance(X, list) and len({np.shape(clip) for clip in X}) > 1:
            raise ValueError(
                f"{type(self).__name__} takes clips of one length, got {len(X)} of different shapes. Give the features "
                'a duration, "auto" or seconds, instead of None.'
            )

    # scikeras asks for these two in fit; features are checked above and need no encoder.
    feature_encoder_: ClassVar = FunctionTransformer()

    @property
    def initialized_(self):
        """Whether there is a network."""
        return "_lease" in vars(self)

    def _initialize(self, X, y):
        """Learn classes, shape and normalisation, and get a network with new weights."""
        self.__dict__.pop("history_", None)
        check_classification_targets(y)
        X, y = self._validate_data(X, y, reset=True)
        self.target_encoder_ = _OneHotEncoder(getattr(self, "_expected_classes", None)).fit(y)
        self.classes_ = self.target_encoder_.classes_
        # A RandomState is advanced, as everywhere in scikit-learn; scikeras would copy it.
        self._random_state = int(check_random_state(self.random_state).randint(2**31 - 1))
        names = list(inspect.signature(getattr(networks, self._network)).parameters)[2:-1]
        self._network_params = {name: _plain(getattr(self, name)) for name in names}
        self.floor_ = self._auto_floor(X) if self.floor == "auto" else _plain(self.floor)
        recipe = {field.name: _plain(getattr(self, field.name)) for field in fields(networks.Recipe)}
        self._network_params["recipe"] = networks.Recipe(**recipe | {"floor": self.floor_})
        self._lease_network()
        self._adapt(X)
        return X, y

    def _auto_floor(self, X):
        """None where there is no level to measure from: bands without their own mean are no decibels any more."""
        has_level = X.shape[1] > 1 and self.normalization != "feature"
        return _FLOOR if has_level and _have_one_floor(X) else None

    def _lease_network(self):
        """Get a network of the fitted shape, compiled."""
        shape, n_classes = self.X_shape_[1:], len(self.classes_)
        self.__dict__.pop("_lease", None)  # back to the pool first, if there is an earlier one
        policy = keras.config.dtype_policy().name
        params = repr(self._network_params)  # 8.0, which equals 8, is not taken for it
        key = (type(self), policy, shape, n_classes, params, *self._compile_params())
        self._lease = Lease(key, self._random_state, self._build_network, self._compile)

    def _adapt(self, X):
        """Learn the normalization of the features; the level of a clip is taken out before."""
        pieces = _pieces(X)
        if self.normalization:
            pieces = map(self._model.get_layer("level"), pieces)
        self._model.get_layer("standardize").adapt(map(keras.ops.convert_to_numpy, pieces))

    def _build_network(self):
        build = getattr(networks, self._network)
        with _seeded_layers(self._random_state):
            return build(self.X_shape_[1:], len(self.classes_), **self._network_params)

    def _compile_params(self):
        """What is traced into the training step; the learning rate is a variable, and set by _LearningRate."""
        made_by: tuple = (self.optimizer,)
        if isinstance(self.optimizer, functools.partial):  # copies of a partial are not equal, what is in them is
            made_by = (self.optimizer.func, self.optimizer.args, tuple(sorted(self.optimizer.keywords.items())))
        return *made_by, self.optimizer__weight_decay, self.ema_momentum, self.label_smoothing

    def _compile(self, model):
        make = _optimizer_class(self.optimizer) if isinstance(self.optimizer, str) else self.optimizer
        params = route_params(self.get_params(), destination="optimizer", pass_filter=set(), strict=True)
        if self.ema_momentum is not None:
            params |= {"use_ema": True, "ema_momentum": self.ema_momentum}
        optimizer = make(**params)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta", "embedding"])
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=self.label_smoothing)
        # An instance: by its name the metric is made within the first trace, which Keras then throws away.
        model.compile(optimizer=optimizer, loss=loss, metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")])

    @property
    def _model(self):
        """The network, for a look that leaves it in the pool."""
        return self._lease.model

    @property
    def model_(self):
        """The network, keras.Model."""
        if not self.initialized_:
            raise AttributeError(f"{type(self).__name__} has no model_ before fit")
        return self._lease.keep()

    def _ensure_compiled_model(self):
        """Leave it to _fit_keras_model, which knows the number of steps."""

    def _fit_keras_model(self, X, y, sample_weight, warm_start, epochs, initial_epoch, schedule, groups=None):
        """Train the built network on one-hot y; `schedule` is None in partial_fit."""
        weights = self._weights(y, sample_weight)
        if schedule is not None:  # relative: a learning rate suits a mean of 1
            weights /= weights.mean()
        train, validation = np.arange(len(X)), None
        if self.early_stopping and schedule is not None:
            train, validation = self._split(y, groups)
        seed = self._random_state, initial_epoch
        batches = _Batches(X, y, weights, train, self._clips_a_step(len(train)), self.mixup, seed)
        rate = _LearningRate(self.optimizer__learning_rate, len(batches) * epochs if schedule == "cosine" else None)
        history = self._model.fit(
            batches.for_keras(),
            epochs=initial_epoch + epochs,
            initial_epoch=initial_epoch,
            validation_data=None if validation is None else (X[validation], y[validation], weights[validation]),
            callbacks=[batches.shuffler(), rate, *self._keras_callbacks(X, y, stop_early=validation is not None)],
            shuffle=False,  # _Batches does it; Keras would, without our seed
            verbose=self.verbose,
        ).history
        past = vars(self)["history_"] if initial_epoch else {}
        self.history_ = {name: [*past.get(name, []), *map(float, values)] for name, values in history.items()}

    def _count_epochs(self, n_clips):
        """Few clips are passed more often, for a network learns in steps; many are passed less often, to save time."""
        if self.epochs != "auto":
            return self.epochs
        n_clips = max(1, n_clips)
        least, usual, most = _EPOCHS
        of_few = _STEPS * _auto_batch_size(n_clips) // n_clips  # whatever batch_size: what is seen counts
        of_many = _CLIPS // n_clips
        return min(max(of_few, min(of_many, usual), least), most)

    def _clips_a_step(self, n_clips):
        return _auto_batch_size(n_clips) if self.batch_size == "auto" else self.batch_size

    def _weights(self, y, sample_weight):
        """Weight of every clip."""
        weights = np.ones(len(y)) if sample_weight is None else sample_weight.astype(np.float64)
        weights *= compute_sample_weight(self.class_weight, self.classes_[y.argmax(axis=1)])
        if not weights.any():
            raise ValueError(f"no clip has a weight: sample_weight and class_weight={self.class_weight} are 0 for all")
        return weights.astype(np.float32)

    def _split(self, y: np.ndarray, groups=None):
        """Positions for training and validation; Keras would take the last clips, of the last class."""
        if groups is None:
            return self._stratified_split(y)
        if len(np.unique(groups)) < 2:
            raise ValueError(f"early_stopping needs 2 groups or more, got {np.unique(groups).tolist()}")
        draws = GroupShuffleSplit(
            n_splits=_MAX_DRAWS, test_size=float(self.validation_fraction), random_state=self._random_state
        )
        n_classes = np.count_nonzero(y.any(axis=0))
        for train, validation in draws.split(y, groups=groups):
            if np.count_nonzero(y[train].any(axis=0)) == n_classes:
                return train, validation
        raise ValueError(f"early_stopping found no groups to set aside that leave clips of all {n_classes} classes")

    def _stratified_split(self, y):
        labels = y.argmax(axis=1)
        counts = np.bincount(labels, minlength=y.shape[1])
        if counts[counts > 0].min() < 2:
            rare = self.classes_[(counts == 1)].tolist()
            raise ValueError(f"early_stopping needs 2 clips or more of every class, got 1 of {rare}")
        n_classes = int(np.count_nonzero(counts))
        n_validation = max(round(float(self.validation_fraction) * len(y)), n_classes)
        if len(y) - n_validation < n_classes:
            raise ValueError(
                f"validation_fraction={self.validation_fraction} leaves {len(y) - n_validation} of {len(y)} clips for "
                f"the training of {n_classes} classes"
            )
        return train_test_split(
            np.arange(len(y)), test_size=n_validation, stratify=labels, random_state=self._random_state
        )

    def _keras_callbacks(self, X, y, stop_early):
        """Callbacks of one fit; the user's are copied, so that parameters never hold a trained network."""
        callbacks = [callback() if isinstance(callback, type) else callback for callback in self.callbacks or ()]
        for callback in callbacks:
            if not isinstance(callback, keras.callbacks.Callback):
                raise TypeError(f"callbacks must be Keras callbacks, instances or classes, got {callback!r}")
        callbacks = copy.deepcopy(callbacks)
        if stop_early:
            patience = self.n_iter_no_change
            callbacks.append(keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True))
        if hasattr(self, "_callback_fit_ctx"):
            callbacks.append(_EpochTasks(self, X, self.classes_[y.argmax(axis=1)]))
        return callbacks

    # Prediction

    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features) or (n, n_features)

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes), float32
            Columns in the order of `classes_`.
        """
        check_is_fitted(self, "history_")  # set when training is done
        X, _ = self._validate_data(X)
        # predict_on_batch is the traced network itself; keras.Model.predict takes 40 ms to set up, even for one clip.
        return np.concatenate([self._model.predict_on_batch(piece) for piece in _pieces(X)])

    def predict(self, X):
        """The most probable class of every clip.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features) or (n, n_features)

        Returns
        -------
        labels : ndarray of shape (n,)
        """
        most_probable = self.predict_proba(X).argmax(axis=1)
        return self.classes_[most_probable]

    # Persistence: weights and our own parameters; the network is built again from code, the optimizer is left behind.

    def __getstate__(self):
        state = dict(super().__getstate__())
        lease = state.pop("_lease", None)
        if lease is not None:
            state["_network_weights"] = lease.model.get_weights()
        return state

    def __setstate__(self, state):
        state = dict(state)
        weights = state.pop("_network_weights", None)
        super().__setstate__(state)
        if weights is not None:
            self._lease_network()
            self._lease.model.set_weights(weights)


class _OneHotEncoder:
    """Labels to shares of classes; `classes` may be more than those of y."""

    def __init__(self, classes):
        self.classes_ = classes

    def fit(self, y):
        labels = np.unique(y)
        self.classes_ = labels if self.classes_ is None else np.unique(self.classes_)
        return self

    def transform(self, y):
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(f"y has labels {unknown.tolist()} that are not among classes {self.classes_.tolist()}")
        return np.eye(len(self.classes_), dtype=np.float32)[np.searchsorted(self.classes_, y)]


class _Batches(keras.utils.PyDataset):
    """Batches of nearly the same size, in an order that the seed and the epoch alone decide.

    With `mixup` every clip is mixed with another one of its batch (H. Zhang et al., mixup: Beyond Empirical Risk
    Minimization, 2018), by a share drawn from Beta(mixup, mixup).
    """

    def __init__(self, X, y, weights, clips, batch_size, mixup, seed):
        super().__init__()
        self._arrays = X, y, weights
        self._clips = clips
        self._mixup = mixup
        self._n_batches = -(-len(clips) // batch_size)
        self._random = np.random.default_rng(seed)
        self._shuffle()

    def __len__(self):
        return self._n_batches

    def __getitem__(self, i):
        batch = tuple(array[self._order[i]] for array in self._arrays)
        if not self._mixup:
            return batch
        return tuple(self._mixed(array, self._shares[i]) for array in batch)

    def _mixed(self, array, share):
        share = share[: len(array)].reshape(-1, *[1] * (array.ndim - 1))
        return share * array + (1 - share) * np.roll(array, 1, axis=0)

    def _shuffle(self):
        self._order = np.array_split(self._random.permutation(self._clips), self._n_batches)
        if self._mixup:
            shape = self._n_batches, len(self._order[0])
            self._shares = self._random.beta(self._mixup, self._mixup, shape).astype(np.float32)

    def shuffler(self):
        """A callback that draws a new order before every epoch."""
        return keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: self._shuffle())

    def for_keras(self):
        """What `keras.Model.fit` takes: itself, or, with TensorFlow, a dataset that is made without a generator.

        Keras makes one from a generator. With Python 3.11 and newer the first of these in a process has TensorFlow set
        glibc's M_MMAP_THRESHOLD, for good: whatever is larger than 128 KB is given back to the system when it is freed,
        and to get fresh pages for every tensor of every step took up to half of the time of training.
        """
        if keras.backend.backend() != "tensorflow":
            return self
        import tensorflow as tf

        this: Any = weakref.proxy(self)  # TensorFlow keeps the function for ever, and it is not to keep the clips

        def take(i):
            batch = tf.numpy_function(lambda i: this[i], [i], [array.dtype for array in self._arrays])
            for part, array in zip(batch, self._arrays, strict=True):
                part.set_shape((None, *array.shape[1:]))
            return tuple(batch)

        options = tf.data.Options()
        # There is nothing to tune; on one core the end of an epoch waits up to a second for the thread that tunes.
        options.autotune.enabled = False
        return tf.data.Dataset.range(len(self)).map(take).with_options(options)


class _LearningRate(keras.callbacks.Callback):
    """Set the learning rate: constant, or, over `n_steps`, a rise and a fall along a cosine."""

    def __init__(self, highest, n_steps):
        super().__init__()
        self._highest = highest
        self._n_steps = n_steps
        self._step = 0

    def on_train_begin(self, logs=None):
        self.model.optimizer.learning_rate = self._highest

    def on_train_batch_begin(self, batch, logs=None):
        if self._n_steps:
            self._step += 1
            self.model.optimizer.learning_rate = self._highest * self._share((self._step - 0.5) / self._n_steps)

    def _share(self, progress):
        if progress < _WARM_UP:
            return progress / _WARM_UP
        return 0.5 * (1 + math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP)))


class _EpochTasks(keras.callbacks.Callback):
    """Tell scikit-learn's callbacks (ProgressBar, ScoringMonitor, ...) of every epoch."""

    def __init__(self, estimator, X, y):
        super().__init__()
        self._call = {"estimator": estimator, "X": X, "y": y}
        self._context = estimator._callback_fit_ctx

    def on_epoch_begin(self, epoch, logs=None):
        self._task = self._context.subcontext(task_name="epoch").call_on_fit_task_begin(**self._call)

    def on_epoch_end(self, epoch, logs=None):
        fitted = {name: value for name, value in vars(self._call["estimator"]).items() if name.endswith("_")}
        fitted["history_"] = self.model.history.history
        stop = self._task.call_on_fit_task_end(**self._call, reconstruction_attributes=fitted)
        self.model.stop_training = self.model.stop_training or stop


def _auto_batch_size(n_clips):
    """Small sets get 16 steps an epoch, but no batches of less than 8: few steps would teach them little."""
    return min(32, max(8, n_clips // 16))


def _optimizer_class(name):
    """Keras's by its name; of AdamW our own, for TensorFlow alone: Keras has a fast one for torch."""
    is_ours = name.lower() == "adamw" and keras.backend.backend() == "tensorflow"
    return AdamW if is_ours else get_optimizer_class(name)


@contextmanager
def _seeded_layers(seed):
    """Seed the layers made inside: Keras draws the seed of a layer that has none from `random`."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def _pieces(X):
    """Some clips at a time, so that what is made of them takes bounded memory."""
    return (X[i : i + _CLIPS_PER_CALL] for i in range(0, len(X), _CLIPS_PER_CALL))


def _have_one_floor(X):
    """Whether features are decibels that were raised to a floor, as by `top_db`, and no cepstra, powers or images.

    The lowest value of a clip is then in several features, and the same distance below the highest one; less in clips
    so faint that `amin` is their floor.
    """
    ranges: list[float] = []
    for piece in _pieces(X):
        lowest, highest = (extreme(piece, axis=(1, 2)) for extreme in (np.min, np.max))
        n_lowest = (piece == lowest[:, None, None]).any(axis=1).sum(axis=1)  # features, (n,)
        ranges.extend((highest - lowest)[(n_lowest > 1) & (highest > lowest)])
    largest = max(ranges, default=0.0)
    n_same = np.count_nonzero(np.array(ranges) > largest - 0.1)  # float16 rounds by 0.06
    return _TOP_DB[0] <= largest <= _TOP_DB[1] and n_same >= max(2, len(ranges) / 10)


def _plain(value):
    """NumPy numbers as Python's, which Keras insists on."""
    if isinstance(value, list | tuple):
        return tuple(_plain(item) for item in value)
    return value.item() if isinstance(value, np.generic) else value
