"""Between steps and epochs: the learning rate, a new order, scikit-learn's and the user's callbacks."""

import copy
import math

import keras

from .._runtime.progress import Progress

STEPS_AT_ONCE = 8  # that Keras takes between two calls
_WARM_UP = 0.1  # share of the steps in which the learning rate rises, before it falls along a cosine


class LearningRate(keras.callbacks.Callback):
    """Set the learning rate, every few steps: constant, or a rise and a fall along a cosine.

    A schedule of Keras would be traced into the training step, which then could not be used again for another one.

    Parameters
    ----------
    highest : float
    n_steps : int
        Of an epoch.
    n_epochs : int or None
        Epochs of the rise and the fall; None is constant.
    """

    def __init__(self, highest, n_steps, n_epochs):
        super().__init__()
        self._highest = highest
        self._n_steps = n_steps
        self._n_epochs = n_epochs

    def on_train_begin(self, logs=None):
        """Begin with the highest rate."""
        self.model.optimizer.learning_rate = self._highest

    def on_epoch_begin(self, epoch, logs=None):
        """Count the steps before."""
        self._n_before = epoch * self._n_steps

    def on_train_batch_begin(self, batch, logs=None):
        """Set the rate of the next steps, which is that of the middle one."""
        if self._n_epochs:
            n_at_once = min(STEPS_AT_ONCE, self._n_steps - batch)
            progress = (self._n_before + batch + n_at_once / 2) / (self._n_epochs * self._n_steps)
            self.model.optimizer.learning_rate = self._highest * self._share(progress)

    def _share(self, progress):
        if progress < _WARM_UP:
            return progress / _WARM_UP
        return 0.5 * (1 + math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP)))


class Shuffle(keras.callbacks.Callback):
    """Draw a new order of the clips before every epoch.

    Parameters
    ----------
    batches : Batches
    """

    def __init__(self, batches):
        super().__init__()
        self._batches = batches

    def on_epoch_begin(self, epoch, logs=None):
        """Draw the order of the epoch."""
        self._batches.shuffle()


class RefuseNaN(keras.callbacks.Callback):
    """Raise ValueError when the loss is no number any more: what is trained then is worth nothing.

    Parameters
    ----------
    name : str
        Of the classifier.
    learning_rate : float
        For the error.
    """

    def __init__(self, name, learning_rate):
        super().__init__()
        self._name = name
        self._learning_rate = learning_rate

    def on_epoch_end(self, epoch, logs=None):
        """Look at the losses."""
        for loss, value in (logs or {}).items():
            if not math.isfinite(value):
                raise ValueError(self.message(self._name, f"{loss} of epoch {epoch + 1}", value, self._learning_rate))

    @staticmethod
    def message(name, what, value, learning_rate):
        """What the error says.

        Parameters
        ----------
        name : str
        what : str
        value : object
        learning_rate : float

        Returns
        -------
        message : str
        """
        return (
            f"the training of {name} came to no result: {what} is {value}. Try a learning_rate below {learning_rate}, "
            "and see that features and sample_weight have no extreme values"
        )


class EpochTasks(keras.callbacks.Callback):
    """Tell scikit-learn's callbacks (ProgressBar, ScoringMonitor, ...) of every epoch.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        That of the fit.
    estimator : estimator
    X, y : object
        What scorers are given.
    """

    def __init__(self, context, estimator, X, y):
        super().__init__()
        self._context = context
        self._call = {"estimator": estimator, "X": X, "y": y}

    def on_epoch_begin(self, epoch, logs=None):
        """Begin a task."""
        self._task = self._context.subcontext(task_name="epoch").call_on_fit_task_begin(**self._call)

    def on_epoch_end(self, epoch, logs=None):
        """End the task; a callback may stop the training."""
        fitted = {name: value for name, value in vars(self._call["estimator"]).items() if name.endswith("_")}
        fitted["history_"] = self.model.history.history
        self._task.figures = figures(logs)  # for ProgressBar
        stop = self._task.call_on_fit_task_end(**self._call, reconstruction_attributes=fitted)
        self.model.stop_training = self.model.stop_training or stop


class EpochBar(keras.callbacks.Callback):
    """Show the epoch, the losses and the time that is left, where somebody watches.

    Parameters
    ----------
    name : str
        Of the estimator.
    n_epochs : int
    """

    def __init__(self, name, n_epochs):
        super().__init__()
        self._name = name
        self._n_epochs = n_epochs
        self._progress: Progress | None = None

    def on_train_begin(self, logs=None):
        """Begin, unseen for some seconds."""
        self._progress = Progress(self._name, self._n_epochs)
        self._n_shown = 0

    def on_epoch_end(self, epoch, logs=None):
        """Show the epoch; those of a checkpoint come at once."""
        detail = f"{self._name} epoch {epoch + 1}/{self._n_epochs}, {figures(logs)}"
        if self._progress is not None:
            self._progress.advance(epoch + 1 - self._n_shown, detail)
        self._n_shown = epoch + 1

    def close(self):
        """Take the bar away, whatever has ended the training."""
        if self._progress is not None:
            self._progress.close()


def figures(logs):
    """Loss, and loss or score of the validation, as they are shown.

    Parameters
    ----------
    logs : dict or None
        Of Keras, after an epoch.

    Returns
    -------
    text : str
    """
    shown = {name: value for name, value in (logs or {}).items() if name == "loss" or name.startswith("val_")}
    return ", ".join(f"{name} {value:.3f}" for name, value in shown.items())


def copies_of(callbacks):
    """The user's callbacks for one fit: copies, so that parameters never hold a trained network.

    Parameters
    ----------
    callbacks : iterable of keras.callbacks.Callback, instances or classes, or None

    Returns
    -------
    copies : list of keras.callbacks.Callback

    Raises
    ------
    TypeError
        One of them is something else.
    """
    made = [callback() if isinstance(callback, type) else callback for callback in callbacks or ()]
    for callback in made:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(f"callbacks must be Keras callbacks, instances or classes, got {callback!r}")
    return copy.deepcopy(made)
