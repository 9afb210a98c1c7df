"""Checkpoints: a training that was interrupted goes on from its last epoch, to the weights that it would have had."""

import copy
import functools
import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np

from .. import __version__
from .._runtime.files import atomic_write

_ROWS = 1024  # that are read together
_NOT_IN_KEY = {"checkpoint", "initialize_from", "random_state", "verbose"}


class Checkpoint(keras.callbacks.Callback):
    """Keeps the state of one training in a file: networks, optimizer, order of the clips, early stopping, history.

    Parameters
    ----------
    path : Path
        See `checkpoint_path`.
    batches : Batches
        Whose order of clips is kept.
    stopping : keras.callbacks.EarlyStopping or None
    history : dict
        Of earlier trainings that this one goes on from.
    keeps_optimizer : bool
        Also of a finished training, which another one may go on from.
    """

    def __init__(self, path, batches, stopping, history, keeps_optimizer):
        super().__init__()
        self._keeps_optimizer = keeps_optimizer
        self._path = path
        self._batches = batches
        self._stopping = stopping
        self._history = {name: list(values) for name, values in history.items()}
        self._restored: dict = {}

    def restore(self, model):
        """Go back to the state that is kept, if there is one.

        Parameters
        ----------
        model : keras.Model

        Returns
        -------
        n_epochs : int
            That are done.
        is_over : bool
            Nothing is left to train.
        history : dict
        """
        if not self._path.exists():
            return 0, False, copy.deepcopy(self._history)
        with np.load(self._path, allow_pickle=False) as file:
            self._restored = json.loads(str(file["meta"]))
            is_over = self._restored["finished"]
            for i, variable in enumerate(self._variables(model, is_over)):
                variable.assign(file[f"variable_{i}"])
            self._best = [file[f"best_{i}"] for i in range(self._restored["n_best"])] or None
        if self._restored["stopped"] and self._best is not None:  # killed before it had gone back to the best
            is_over = True
            model.set_weights(self._best)
        self._batches.set_state(self._restored["order"])
        self._history = self._restored["history"]
        return self._restored["n_epochs"], is_over, copy.deepcopy(self._history)

    def on_train_begin(self, logs=None):
        """Go on with early stopping, which has just begun anew."""
        if self._stopping is not None and self._restored:
            self._stopping.best_weights = self._best
            for name, value in self._restored["stopping"].items():
                setattr(self._stopping, name, value)

    def on_epoch_end(self, epoch, logs=None):
        """Keep the state."""
        for name, value in (logs or {}).items():
            self._history.setdefault(name, []).append(float(value))
        self._write(epoch + 1)

    def finish(self, model):
        """Keep what has come of it: the same training is not to be done again.

        Parameters
        ----------
        model : keras.Model
        """
        if not self._restored.get("finished"):
            self.set_model(model)
            self._write(0, finished=True)

    def discard(self):
        """Keep nothing: what has come of it is of no use, or is not to come again."""
        self._path.unlink(missing_ok=True)

    def _variables(self, model, finished):
        """All that a training changes; of a finished one what predictions need."""
        needs_optimizer = not finished or self._keeps_optimizer
        return [*model.variables, *model.optimizer.variables] if needs_optimizer else model.variables

    def _write(self, n_epochs, *, finished=False):
        stopping = self._stopping
        best = [] if stopping is None or finished else stopping.best_weights or []
        names = () if stopping is None or finished else ("best", "wait", "stopped_epoch", "best_epoch")
        meta = {
            "n_epochs": n_epochs,
            "finished": finished,
            "stopped": bool(self.model.stop_training),
            "history": self._history,
            "order": self._batches.get_state(),
            "stopping": {name: _number(getattr(stopping, name)) for name in names},
            "n_best": len(best),
        }
        arrays = {f"variable_{i}": variable.numpy() for i, variable in enumerate(self._variables(self.model, finished))}
        arrays |= {f"best_{i}": np.asarray(weight) for i, weight in enumerate(best)}
        with atomic_write(self._path) as unchecked, open(unchecked, "wb") as file:
            np.savez(file, meta=np.array(json.dumps(meta)), **arrays)


def checkpoint_path(folder, estimator, data, model, seed):
    """The file of a training: its name depends on all that its result depends on.

    Parameters
    ----------
    folder : str or PathLike
        Made where it is missing.
    estimator : estimator
        Its class and parameters count, but for those that change no weights.
    data : iterable
        Clips, labels, weights, groups, and weights that it begins with.
    model : keras.Model
        Whose form counts.
    seed : int or None
        What the training draws from; None where nobody can know it again.

    Returns
    -------
    path : Path
    """
    digest = hashlib.blake2b(digest_size=12)
    params = {name: value for name, value in estimator.get_params(deep=False).items() if name not in _NOT_IN_KEY}
    facts = [type(estimator).__name__, __version__, keras.__version__, keras.backend.backend(), seed]
    facts += [keras.config.dtype_policy().name, [tuple(variable.shape) for variable in model.variables]]
    digest.update(repr([*facts, [(name, describe(params[name])) for name in sorted(params)]]).encode())
    for part in data:
        _update(digest, part)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{type(estimator).__name__}-{digest.hexdigest()}.npz"


def describe(value):
    """A text that is the same in every process, unlike the repr of a function.

    Parameters
    ----------
    value : object

    Returns
    -------
    text : str
    """
    if isinstance(value, functools.partial):
        return f"{describe(value.func)}{describe(value.args)}{describe(value.keywords)}"
    if isinstance(value, keras.callbacks.Callback):  # what it has become in a fit does not count, that is a copy
        return f"{describe(type(value))}{describe(vars(value))}"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}{_describe_code(value)}"
    if isinstance(value, dict):
        return repr({key: describe(value[key]) for key in sorted(value, key=repr)})
    if isinstance(value, list | tuple):
        return repr([describe(item) for item in value])
    return repr(value)


def _describe_code(function):
    """What a function does, and what it has around it, so that an edited one is another one."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    constants = [_describe_constant(constant) for constant in code.co_consts]
    cells = [describe(cell.cell_contents) for cell in getattr(function, "__closure__", None) or ()]
    return repr([code.co_code, code.co_names, constants, describe(getattr(function, "__defaults__", None)), cells])


def _describe_constant(constant):
    """Of functions within a function what they do, not where they are."""
    is_code = hasattr(constant, "co_code")
    return _describe_code(SimpleNamespace(__code__=constant)) if is_code else repr(constant)


def _update(digest, part):
    """Take arrays, lists of them, labels or None into a digest."""
    if isinstance(part, np.ndarray) and part.dtype != object:
        digest.update(f"{part.dtype}{part.shape}".encode())
        for start in range(0, len(part), _ROWS) if part.ndim else [0]:  # a corpus on disk does not fit into memory
            some = part[start : start + _ROWS] if part.ndim else part
            digest.update(np.ascontiguousarray(some).tobytes())
    elif isinstance(part, list | tuple | np.ndarray):
        digest.update(f"list {len(part)}".encode())
        for item in part:
            _update(digest, item)
    else:
        digest.update(repr(part).encode())


def _number(value):
    return value if value is None or isinstance(value, int) else float(value)
