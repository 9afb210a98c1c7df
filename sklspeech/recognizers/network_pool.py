"""Networks of one shape are built and traced once, and lent to one estimator after the other.

Keras traces a training step in seconds, and again for every new model: in a grid search that is most of the time. Here
a network whose estimator is gone gets fresh weights and a fresh optimizer, and goes to the next one. The result is the
same bit for bit.
"""

import os
import random
import weakref
from collections import OrderedDict
from contextlib import suppress
from threading import RLock

import keras
import numpy as np
from joblib.parallel import get_active_backend

from ..networks import seed_weights

_MAX_IDLE = 8  # networks that wait to be lent, in one process

_idle: OrderedDict = OrderedDict()  # key -> [network], the longest unused key first
_lock = RLock()
_process: list[int] = []  # that networks were first made in


class PooledNetwork:
    """A compiled network that one estimator has for itself, until it is collected.

    Parameters
    ----------
    key : hashable
        All that the network and its compilation depend on.
    seed : int
        Of the weights and of the random layers.
    build : callable
        Makes a network.
    compile : callable
        Compiles a network.
    """

    def __init__(self, key, seed, build, compile):
        check_not_forked()
        _keep_to_share_of_cores()
        with _lock:
            if not _process:
                _process.append(os.getpid())
            waiting = _idle.get(key)
            network = waiting.pop() if waiting else _Network(_built(build), compile)
            network.renew(seed)
        self.model = network.model
        self._network = network
        self._return = weakref.finalize(self, _put_back, key, network)
        self._return.atexit = False

    def before(self, name):
        """The part of the network before a layer, traced once however often it is asked for.

        Parameters
        ----------
        name : str
            Of the layer.

        Returns
        -------
        model : keras.Model
        """
        parts = self._network.parts
        if name not in parts:
            parts[name] = keras.Model(self.model.inputs, self.model.get_layer(name).input)
        return parts[name]

    def detach(self):
        """Take the network out of the pool for good, because somebody else holds it from now on.

        Returns
        -------
        model : keras.Model
        """
        self._return.detach()
        return self.model


def is_forked():
    """Whether this process was forked from one which had networks.

    Returns
    -------
    is_forked : bool
    """
    return bool(_process) and _process[0] != os.getpid()


def check_not_forked():
    """Raise in a process that was forked from one which had networks: there TensorFlow would wait for ever.

    Raises
    ------
    RuntimeError
        It was.
    """
    if is_forked():
        raise RuntimeError(
            "this process was forked from one that had used a network, whose threads are not here: TensorFlow would "
            "wait for them for ever. Start processes by 'spawn' (multiprocessing.get_context('spawn')) or with "
            "joblib's 'loky', load the model in the worker, or freeze() it: a frozen pipeline may be forked"
        )


class _Network:
    """A compiled network, and the values that it and its optimizer begin with."""

    def __init__(self, model, compile):
        self.model = model
        self.parts: dict = {}
        compile(model)
        _forget_traces(model.optimizer)
        model.optimizer.build(model.trainable_variables)
        self._variables = [*model.variables, *model.optimizer.variables]
        self._values = [np.array(variable.numpy()) for variable in self._variables]  # copies: backends share memory

    def renew(self, seed):
        """Make it as if it had just been built and compiled."""
        for variable, value in zip(self._variables, self._values, strict=True):
            variable.assign(value)
        seed_weights(self.model, seed)


def _built(build):
    """A new network; the seeds that Keras draws from `random` are not used, and its state is left as it was."""
    state = random.getstate()
    try:
        return build()
    finally:
        random.setstate(state)


def _forget_traces(optimizer):
    """Keep TensorFlow from keeping the traced step of every network for ever, 10 to 25 MB each.

    The sum of the gradients over devices has a gradient of its own, which stays in a global registry, and in it the
    graph. On one device there is nothing to sum.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # of mixed precision
    if hasattr(optimizer, "_all_reduce_sum_gradients"):  # of Keras on TensorFlow
        import tensorflow as tf

        if tf.distribute.get_strategy().num_replicas_in_sync == 1:
            optimizer._all_reduce_sum_gradients = list


def _put_back(key, network):
    if is_forked():  # where another thread of the parent may have held the lock
        return
    with _lock:
        _idle.setdefault(key, []).append(network)
        _idle.move_to_end(key)
        if sum(map(len, _idle.values())) > _MAX_IDLE:
            oldest = next(key for key, networks in _idle.items() if networks)
            _idle[oldest].pop(0)
        for empty in [key for key, networks in _idle.items() if not networks]:
            del _idle[empty]


def _keep_to_share_of_cores():
    """In a worker of joblib, keep to the share of the cores that joblib gives it; TensorFlow does not look at it."""
    share = os.environ.get("OMP_NUM_THREADS", "")
    is_worker = get_active_backend()[0].nesting_level > 0
    if is_worker and share.isdigit() and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with suppress(RuntimeError):  # TensorFlow is running already
            tf.config.threading.set_intra_op_parallelism_threads(int(share))
            tf.config.threading.set_inter_op_parallelism_threads(int(share))
