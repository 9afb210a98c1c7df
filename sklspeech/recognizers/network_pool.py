"""Networks of one shape are built and traced once, and lent to one estimator after the other.

Keras traces a training step in seconds, and again for every new model: in a grid search that is most of the time. Here
a network whose estimator is gone gets fresh weights and a fresh optimizer, and goes to the next one. The result is the
same bit for bit.
"""

import weakref
from collections import OrderedDict
from threading import RLock

import numpy as np

_MAX_IDLE = 8  # networks that wait to be lent, in one process

_idle: OrderedDict = OrderedDict()  # key -> [network], the longest unused key first
_lock = RLock()


class Lease:
    """A network that one estimator has for itself.

    Parameters
    ----------
    key : hashable
        All that the network and its compilation depend on.
    seed : int
        What the new weights depend on besides.
    build : callable
        Makes a network with new weights.
    compile : callable
        Compiles a network.
    """

    def __init__(self, key, seed, build, compile):
        with _lock:
            waiting = _idle.get(key)
            if waiting:
                network = waiting.pop()
                if network.seed != seed:
                    network.seed, network.weights = seed, _values(build().variables)
                network.renew()
            else:
                network = _Network(seed, build(), compile)
        self.model = network.model
        self._return = weakref.finalize(self, _put_back, key, network)
        self._return.atexit = False

    def keep(self):
        """The network, never to be lent again: somebody else holds it from now on."""
        self._return.detach()
        return self.model


class _Network:
    """A compiled network, and the values that it and its optimizer begin with."""

    def __init__(self, seed, model, compile):
        self.seed = seed
        self.model = model
        self.weights = _values(model.variables)
        compile(model)
        model.optimizer.build(model.trainable_variables)
        self._optimizer = _values(model.optimizer.variables)

    def renew(self):
        """Make it as if it had just been built and compiled."""
        _assign(self.model.variables, self.weights)
        _assign(self.model.optimizer.variables, self._optimizer)


def _values(variables):
    return [np.array(variable.numpy()) for variable in variables]  # copies: some backends share the memory


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _put_back(key, network):
    with _lock:
        _idle.setdefault(key, []).append(network)
        _idle.move_to_end(key)
        if sum(map(len, _idle.values())) > _MAX_IDLE:
            oldest = next(key for key, networks in _idle.items() if networks)
            _idle[oldest].pop(0)
        for empty in [key for key, networks in _idle.items() if not networks]:
            del _idle[empty]
