"""Weights that depend on a seed and on the names of their layers alone.

Keras draws the seeds of all layers from one stream, so that to add a layer changes every later one. Here each layer has
its own: to add or to remove a layer changes no other layer's numbers.
"""

import keras
import numpy as np

# What Keras has by default for weights of these names; all other weights begin with constants.
_INITIALIZERS = {"kernel": keras.initializers.GlorotUniform, "recurrent_kernel": keras.initializers.Orthogonal}


def seed_weights(model, seed):
    """Draw a network's weights, and the seeds of its random layers, anew.

    Parameters
    ----------
    model : keras.Model
        Its layers with weights or random numbers have names of their own.
    seed : int
        0 or more.
    """
    for layer in model.layers:
        for i, variable in enumerate(layer.variables):
            if variable.name == "seed_generator_state":
                variable.assign(np.array([_derive(seed, layer.name, i), 0], dtype=variable.dtype))
            elif variable.name in _INITIALIZERS:
                initializer = _INITIALIZERS[variable.name](seed=_derive(seed, layer.name, i))
                variable.assign(initializer(variable.shape, variable.dtype))


def _derive(seed, name, i):
    """A seed for one variable of a layer: 31 bits."""
    entropy = np.random.SeedSequence(entropy=seed, spawn_key=(*name.encode(), i))
    return int(entropy.generate_state(1)[0] >> 1)
