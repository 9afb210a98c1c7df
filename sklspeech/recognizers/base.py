"""A Keras network as a well-behaved estimator: the one place that knows scikeras.

scikeras' `BaseWrapper` says how a Keras network is a scikit-learn estimator: `initialize`, `fit`, `partial_fit`,
`predict`, warm starts and epochs that are counted. Here these are written out, so that `fit` reads from top to bottom,
with right tags, strict parameters, clips of any length, prediction without `keras.Model.predict`, and a lean pickle.
"""

import functools
import warnings
from abc import abstractmethod
from dataclasses import dataclass, fields

import keras
import numpy as np
from scikeras.wrappers import BaseWrapper
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from .. import networks
from ..features.frames import batch_indices, network_inputs, take_clips
from ..features.labels import check_no_missing
from ..spectral import normalize
from .auto import auto_snr
from .batches import Batches
from .callbacks import STEPS_AT_ONCE, EpochBar, EpochTasks, LearningRate, RefuseNaN, Shuffle, copies_of
from .checkpoints import Checkpoint, checkpoint_path
from .network_pool import PooledNetwork, check_not_forked, is_forked
from .old_pickles import with_names_of_today
from .parameters import TrainingParameters
from .targets import with_weight
from .transfer import fitted_recognizer, freeze_layers, take_over

_PREDICT_CLIPS, _PREDICT_FRAMES = 256, 2**15  # that go through the network together


@dataclass(eq=False, repr=False, kw_only=True)
class KerasSpeechEstimator(CallbackSupportMixin, TrainingParameters, BaseWrapper):
    """The base of classifiers and transcribers: training, the network, persistence.

    As dataclasses their `__init__` has every parameter by name and only stores it.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    # What a subclass says

    @abstractmethod
    def _check_clips(self, X, y=None, reset=False):
        """Checked clips and labels."""

    @abstractmethod
    def _learn_labels(self, labels):
        """Learn what there is to recognize."""

    @abstractmethod
    def _head_labels(self):
        """What the units of the head stand for, (n_units,)."""

    @abstractmethod
    def _targets(self, clips, labels):
        """What the network is to give for every clip."""

    @abstractmethod
    def _split(self, labels, groups):
        """Positions of the clips to train on, and of those set aside for early stopping."""

    @abstractmethod
    def _auto_epochs(self, n_clips):
        """Passes where `epochs` is "auto"."""

    @abstractmethod
    def _auto_batch_size(self, n_clips):
        """Clips a step where `batch_size` is "auto"."""

    @abstractmethod
    def _encoder_params(self):
        """What the encoder takes besides features and mask."""

    @abstractmethod
    def _build(self):
        """A new network."""

    @abstractmethod
    def _loss_and_metrics(self):
        """What the network is compiled with."""

    def _remark_on(self, labels):
        """Warn of labels that may be meant for something else."""

    def _weigh(self, labels, weights):
        """Weights of the clips, float32."""
        return weights.astype(np.float32)

    # Training

    def _fit(self, X, y, sample_weight, groups):
        """Train the network; `fit` of a subclass has the documentation."""
        self._validate_params()
        check_consistent_length(X, y, groups)
        check_no_missing(groups, "groups")
        is_new = not (self.warm_start and self.initialized_)
        all_clips, all_labels = self._check_clips(X, y, reset=is_new)
        if is_new:
            self._remark_on(all_labels)
        clips, labels, weights, groups = with_weight(all_clips, all_labels, sample_weight, groups)
        n_epochs = self._auto_epochs(len(labels)) if self.epochs == "auto" else self.epochs
        context = self._init_callback_context(max_subtasks=n_epochs)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        if is_new:
            self._begin(clips, all_labels)
        targets = self._targets(clips, labels)
        weights = self._weigh(labels, weights)
        weights /= weights.mean()  # a learning rate suits a mean of 1
        train, held_out = np.arange(len(labels)), None
        if self.early_stopping:
            train, validation = self._split(labels, groups)
            size = self._batch_size(len(train)) if isinstance(clips, list) else _PREDICT_CLIPS  # of bounded memory
            held_out = Batches(clips, targets, weights, validation, size, 0)
        batches = self._batches(clips, targets, weights, train, self._random_seed)
        n_falling = n_epochs if self.learning_rate_schedule == "cosine" else None
        callbacks = [
            Shuffle(batches),
            LearningRate(self.learning_rate, len(batches), n_falling),
            *copies_of(self.callbacks),
        ]
        stopping = None
        if held_out is not None:
            stopping = keras.callbacks.EarlyStopping(patience=self.n_iter_no_change, restore_best_weights=True)
            callbacks.append(stopping)
        callbacks.append(EpochTasks(context, self, clips, labels))
        if self.verbose == "auto" and not self._has_progress_bar():
            callbacks.append(EpochBar(type(self).__name__, n_epochs))
        if self.checkpoint is None:
            self._train(batches, held_out, n_epochs, callbacks)
        else:
            data = clips, labels, weights, groups, self._head_labels(), self._given_weights(is_new)
            seed = None if self.random_state is None else self._random_seed
            path = checkpoint_path(self.checkpoint, self, data, self._network.model, seed)
            earlier = self.__dict__.get("history_", {})
            checkpoint = Checkpoint(path, batches, stopping, earlier, self.warm_start)
            self._train_on(checkpoint, batches, held_out, n_epochs, callbacks)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _partial_fit(self, X, y, known, sample_weight):
        """Train for one epoch; `known` are all labels that will ever come, or None."""
        self._validate_params()
        is_new = not self.initialized_
        all_clips, all_labels = self._check_clips(X, y, reset=is_new)
        clips, labels, weights, _ = with_weight(all_clips, all_labels, sample_weight)
        if is_new:
            self._begin(clips, all_labels if known is None else known)
        targets, weights = self._targets(clips, labels), self._weigh(labels, weights)
        batches = self._batches(
            clips, targets, weights, np.arange(len(labels)), (self._random_seed, self.current_epoch)
        )
        callbacks = [Shuffle(batches), LearningRate(self.learning_rate, len(batches), None), *copies_of(self.callbacks)]
        self._train(batches, None, 1, callbacks, self.current_epoch)
        return self

    def _given_weights(self, is_new):
        """Weights that the training begins with, if they are not drawn."""
        if not is_new:
            return self._network.model.get_weights()
        if self.initialize_from is None:
            return []
        return fitted_recognizer(self.initialize_from).network.get_weights()

    def _train_on(self, checkpoint, batches, held_out, n_epochs, callbacks):
        """Train from the state that a checkpoint has."""
        n_done, is_over, history = checkpoint.restore(self._network.model)
        if history:
            self.history_ = history
        if not is_over:
            try:
                self._train(batches, held_out, n_epochs - n_done, callbacks, n_done, checkpoint)
            except ValueError:  # it came to no result, and would again
                checkpoint.discard()
                raise
        if self.random_state is None:  # the next one is to come out in another way
            checkpoint.discard()
        else:
            checkpoint.finish(self._network.model)

    def _has_progress_bar(self):
        """Whether a callback of scikit-learn, set here or above, shows the epochs."""
        return any(hasattr(callback, "max_propagation_depth") for callback in getattr(self, "_skl_callbacks", ()))

    def _batches(self, clips, targets, weights, indices, seed):
        return Batches(clips, targets, weights, indices, self._batch_size(len(indices)), seed)

    def initialize(self, X, y):
        """Learn labels and normalization, and make a network with new weights, which is not trained yet.

        Parameters
        ----------
        X : array-like of shape (n, n_frames, n_features) or (n, n_features), or list of n arrays of shape (n_frames_i,
            n_features)
        y : array-like of shape (n,)
            Labels, or sentences.

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

    def _begin(self, clips, labels):
        """Learn labels and normalization, and get a network with new weights."""
        self.__dict__.pop("history_", None)
        self._learn_labels(labels)
        # A RandomState is advanced, as everywhere in scikit-learn; scikeras would copy it.
        self._random_seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.snr_ = auto_snr(clips) if self.snr == "auto" else to_python(self.snr)
        names = {field.name for field in fields(networks.Recipe)}.intersection(self._get_param_names())
        recipe = {name: to_python(getattr(self, name)) for name in sorted(names)}
        self._network_params = {
            "encoder": self._encoder_params(),
            "dropout": to_python(self.dropout),
            "recipe": recipe | {"snr": self.snr_},
        }
        self._get_network()
        self.layers_taken_over_ = []
        if self.initialize_from is not None:
            self.layers_taken_over_ = take_over(self._network.model, self._head_labels(), self.initialize_from)
        if "standardize" not in self.layers_taken_over_:
            self._network.model.get_layer("standardize").adapt(self._level_frames(clips))

    def _level_frames(self, clips):
        """Frames as they come to be standardized, some clips at a time: each clip's own mean is taken out before."""
        levels = self.normalization and self.input_shape_[0] != 1
        for indices in batch_indices(clips, _PREDICT_CLIPS, _PREDICT_FRAMES):
            some = take_clips(clips, indices)
            yield np.concatenate([normalize(clip, self.normalization) if levels else clip for clip in some])

    def _batch_size(self, n_clips):
        return self._auto_batch_size(n_clips) if self.batch_size == "auto" else self.batch_size

    def _train(self, batches, held_out, n_epochs, callbacks, initial_epoch=0, checkpoint=None):
        """Train the network, and append to its history."""
        check_not_forked()
        refuse = RefuseNaN(type(self).__name__, self.learning_rate)
        model, earlier = self._network.model, self.__dict__.pop("history_", {})
        model.history = None  # that of the estimator which had the network before
        try:
            history = model.fit(
                batches.for_keras(),
                epochs=initial_epoch + n_epochs,
                initial_epoch=initial_epoch,
                validation_data=None if held_out is None else held_out.for_keras(),
                callbacks=[*callbacks, refuse, *([] if checkpoint is None else [checkpoint])],
                shuffle=False,  # Batches does it; Keras would, without our seed
                verbose=0 if self.verbose == "auto" else self.verbose,
            )
        except KeyboardInterrupt:
            self._keep_interrupted(n_epochs, earlier)
            raise
        finally:
            for bar in callbacks:
                if isinstance(bar, EpochBar):
                    bar.close()
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
            stacklevel=6,
        )

    # The network

    def _get_network(self):
        """Get a network of the fitted shape, compiled."""
        self.__dict__.pop("_network", None)  # back to the pool first, if there is an earlier one
        params, policy = repr(self._network_params), keras.config.dtype_policy().name  # as text: 8.0 is not 8
        shape = self.input_shape_, len(self._head_labels())
        key = (type(self), policy, *shape, params, *self._compile_params())
        self._network = PooledNetwork(key, self._random_seed, self._build, self._compile)

    def _compile_params(self):
        """All that is traced into the training step; the learning rate is a variable, which a callback sets."""
        made_by: tuple = (self.optimizer,)
        if isinstance(self.optimizer, functools.partial):  # copies of a partial are not equal, what is in them is
            made_by = (self.optimizer.func, self.optimizer.args, tuple(sorted(self.optimizer.keywords.items())))
        return *made_by, self.weight_decay, self.ema_momentum, self.trainable

    def _compile(self, model):
        freeze_layers(model, self.trainable)
        make = type(keras.optimizers.get(self.optimizer)) if isinstance(self.optimizer, str) else self.optimizer
        ema = {} if self.ema_momentum is None else {"use_ema": True, "ema_momentum": self.ema_momentum}
        optimizer = make(learning_rate=self.learning_rate, weight_decay=self.weight_decay, **ema)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        loss, metrics = self._loss_and_metrics()
        # Several steps at once: the way through Python between them takes a tenth of the time of training.
        model.compile(optimizer=optimizer, loss=loss, metrics=metrics, steps_per_execution=STEPS_AT_ONCE)

    @property
    def network(self):
        """The network, for a look that leaves it in the pool of networks."""
        check_is_fitted(self, "input_shape_")
        return self._network.model

    @property
    def model_(self):
        """The network; it is not lent to other estimators any more."""
        if not self.initialized_:
            raise AttributeError(f"{type(self).__name__} has no model_ before fit")
        return self._network.detach()

    # Prediction

    def _predict_in_batches(self, model, clips):
        """Positions of some clips, and what a network makes of them, batch by batch."""
        for indices in batch_indices(clips, _PREDICT_CLIPS, _PREDICT_FRAMES):
            inputs = network_inputs(take_clips(clips, indices))
            # predict_on_batch is the traced network itself; keras.Model.predict takes 40 ms to set up, even for a clip.
            yield indices, model.predict_on_batch(inputs[0] if len(inputs) == 1 else inputs)

    def _check_can_predict(self):
        check_is_fitted(self, "history_")  # set when training is done
        check_not_forked()

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
    return {name: [*earlier.get(name, []), *map(float, history.get(name, []))] for name in {**earlier, **history}}


def to_python(value):
    """NumPy numbers as Python's, which Keras insists on.

    Parameters
    ----------
    value : object
        A number, or numbers in lists and tuples; all else stays as it is.

    Returns
    -------
    value : object
    """
    if isinstance(value, list | tuple):
        return tuple(to_python(item) for item in value)
    return value.item() if isinstance(value, np.generic) else value
