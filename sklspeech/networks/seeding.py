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
        Its layers with weights or random numbers have names of their own, but those of a `keras.Model` within it.
    seed : int
        0 or more.
    """
    for name, layer in _named_layers(model):
        for i, variable in enumerate(layer.variables):
            if variable.name == "seed_generator_state":
                variable.assign(np.array([_derive(seed, name, i), 0], dtype=variable.dtype))
            elif (initializer := _initializer(layer, variable.name, _derive(seed, name, i))) is not None:
                variable.assign(initializer(variable.shape, variable.dtype))


def _named_layers(model):
    """Layers with names; those within a network of the user's are named by their place, Keras counts them on."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from ((f"{i} of the network", inner) for i, inner in enumerate(_layers_within(layer)))
        else:
            yield layer.name, layer


def _layers_within(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers_within(layer)
        else:
            yield layer


def _initializer(layer, name, seed):
    """What draws a weight, with a seed of its own; None where it begins with constants."""
    if name not in _INITIALIZERS:
        return None
    own = getattr(layer, f"{name}_initializer", None)
    if not isinstance(own, keras.initializers.Initializer) or "seed" not in own.get_config():
        return _INITIALIZERS[name](seed=seed)
    return type(own).from_config(own.get_config() | {"seed": seed})


def _derive(seed, name, i):
    """A seed for one variable of a layer: 31 bits."""
    entropy = np.random.SeedSequence(entropy=seed, spawn_key=(*name.encode(), i))
    return int(entropy.generate_state(1)[0] >> 1)
