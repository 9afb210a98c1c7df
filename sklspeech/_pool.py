"""Networks of one shape are built and traced once, and lent to one estimator after the other.

Keras traces a training step in seconds, and again for every new model: in a grid search that is most of the time. Here
a network whose estimator is gone gets fresh weights and a fresh optimizer, and goes to the next one. The result is the
same bit for bit.
"""

import weakref
from collections import OrderedDict
from threading import RLock

_MAX_IDLE = 8  # networks that wait to be lent, in one process

_idle: OrderedDict = OrderedDict()  # key -> [(network, new optimizer)], the longest unused key first
_lock = RLock()


class Lease:
    """A network that one estimator has for itself.

    Parameters
    ----------
    key : hashable
        All that the network and its compilation depend on.
    build : callable
        Makes a network with new weights.
    compile : callable
        Compiles a network.
    """

    def __init__(self, key, build, compile):
        with _lock:
            fresh = build()
            waiting = _idle.get(key)
            self.model, new_optimizer = waiting.pop() if waiting else (fresh, None)
            if self.model is fresh:
                compile(fresh)
                fresh.optimizer.build(fresh.trainable_variables)
                new_optimizer = [variable.numpy() for variable in fresh.optimizer.variables]
            else:
                _assign(self.model.variables, fresh.variables)
                _assign(self.model.optimizer.variables, new_optimizer)
        self._return = weakref.finalize(self, _put_back, key, (self.model, new_optimizer))
        self._return.atexit = False

    def keep(self):
        """The network, never to be lent again: somebody else holds it from now on."""
        self._return.detach()
        return self.model


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
