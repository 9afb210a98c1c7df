"""What a network takes over from another one that is trained already."""

import keras
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

HEAD = "probabilities"  # the layer


def fitted_recognizer(source):
    """The recognizer within a fitted estimator.

    Parameters
    ----------
    source : estimator
        A recognizer, or a pipeline, a search, a `FrozenEstimator` or an augmented classifier around one.

    Returns
    -------
    recognizer : estimator

    Raises
    ------
    TypeError
        There is no recognizer with a network in it.
    NotFittedError
        It is not fitted.
    """
    inner = source
    while not hasattr(type(inner), "network"):
        if hasattr(inner, "steps"):
            inner = inner.steps[-1][1]
        else:
            around = [name for name in ("best_estimator_", "estimator_", "estimator") if hasattr(inner, name)]
            if not around or not isinstance(inner, BaseEstimator):
                raise TypeError(
                    "initialize_from must be a fitted recognizer, or a pipeline with one at its end, got "
                    f"{type(inner).__name__}; a frozen one has no weights to go on from"
                )
            inner = getattr(inner, around[0])
    check_is_fitted(inner, "history_")
    return inner


def take_over(model, classes, source):
    """Give a network the weights of another one, layer by layer, where name and shapes are the same.

    Of the head come the units of the labels that both have.

    Parameters
    ----------
    model : keras.Model
        New.
    classes : ndarray
        Its labels.
    source : estimator
        Fitted.

    Returns
    -------
    names : list of str
        Of the layers that were taken over.

    Raises
    ------
    ValueError
        The features differ in number, or no layer of the encoder is the same.
    """
    recognizer = fitted_recognizer(source)
    given, wanted = recognizer.network.inputs[0].shape[-1], model.inputs[0].shape[-1]
    if given != wanted:
        raise ValueError(f"initialize_from was trained on {given} features a frame, X has {wanted}")
    others = {_key(layer): layer for layer in recognizer.network.layers if layer.weights}
    names = []
    for layer in model.layers:
        if layer.name == HEAD or _key(layer) not in others or not layer.weights:
            continue
        weights = others[_key(layer)].get_weights()
        if [weight.shape for weight in weights] == [weight.shape for weight in layer.get_weights()]:
            layer.set_weights(weights)
            names.append(_key(layer))
    if names in ([], ["standardize"]):
        raise ValueError(
            f"initialize_from is a {type(recognizer).__name__} none of whose layers fits this network: give both the "
            "same encoder parameters"
        )
    if HEAD in others and _take_over_head(model.get_layer(HEAD), classes, others[HEAD], recognizer._head_labels()):
        names.append(HEAD)
    return names


def _key(layer):
    """The name of a layer; that of a whole network of the user's says nothing, Keras counts them on."""
    return "network" if isinstance(layer, keras.Model) else layer.name


def _take_over_head(head, classes, other, other_classes):
    """Copy the units of labels that both have; whether there were any."""
    (kernel, bias), (given_kernel, given_bias) = head.get_weights(), other.get_weights()
    if len(kernel) != len(given_kernel) or classes.dtype.kind != other_classes.dtype.kind:
        return False
    common, here, there = np.intersect1d(classes, other_classes, return_indices=True)
    kernel[:, here], bias[here] = given_kernel[:, there], given_bias[there]
    head.set_weights([kernel, bias])
    return len(common) > 0


def freeze_layers(model, trainable):
    """Leave all layers but the head as they are in training.

    Parameters
    ----------
    model : keras.Model
        Not compiled yet.
    trainable : {"all", "head"}

    Raises
    ------
    ValueError
        The head is to be trained, and has no weights.
    """
    if trainable == "head" and not model.get_layer(HEAD).weights:
        raise ValueError("trainable='head' is for networks whose head is ours: a keras.Model of your own has its own")
    for layer in model.layers if trainable == "head" else ():  # what somebody else has frozen stays so
        layer.trainable = layer.name == HEAD
