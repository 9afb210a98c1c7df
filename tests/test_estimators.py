"""scikit-learn's own battery for every estimator; a check that cannot apply stands here with its reason."""

import pytest
from sklearn.base import clone, is_classifier
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklspeech import (
    AudioLoader,
    FrameStatistics,
    MelFeatures,
    MFCCFeatures,
    SpeechCNN,
    SpeechCRNN,
    SpeechRNN,
    SpeechTransformer,
)

SMALL = {
    "epochs": 8,
    "batch_size": 24,  # few steps: most of the time of a check goes into tracing
    "learning_rate": 0.02,
    "masks": 0,
    "speed": 0.0,
    "vocal_tract": 0.0,
    "shift": 0.0,
    "dropout": 0.0,
    "label_smoothing": 0.0,
    "random_state": 0,
}
CLASSIFIERS = [
    SpeechCNN(stem=(8,), filters=(16,), kernel_size=3, **SMALL),
    SpeechRNN(stem=(), units=8, n_layers=1, **SMALL),
    SpeechCRNN(stem=(8,), units=8, **SMALL),
    SpeechTransformer(stem=(), units=8, n_layers=1, n_heads=2, **SMALL),
]
FRAMES = {"n_fft": 16, "hop_length": 1, "n_mels": 2}
CLIP_TRANSFORMERS = [AudioLoader(duration="auto"), MelFeatures(**FRAMES), MFCCFeatures(n_mfcc=2, **FRAMES)]


def not_for_classifiers(estimator):
    # test_classifiers.py has both, to rounding.
    place = "on some processors float32 sums round by the place in the batch: probabilities differ by 1e-7"
    return {
        "check_estimator_tags_renamed": "scikeras defines _more_tags in its base class; ours has __sklearn_tags__",
        "check_sample_weight_equivalence_on_dense_data": "a clip twice and a clip of weight 2 fall into other batches",
        "check_methods_sample_order_invariance": place,
        "check_methods_subset_invariance": place,
    }


def not_for_clip_transformers(estimator):
    reason = "the samples of a waveform are no features: a clip of any length is taken, and made as long as duration_"
    of_features = ["check_n_features_in", "check_n_features_in_after_fitting", "check_transformer_general"]
    level = "waveforms are floats in [-1, 1]; samples such as 100 are refused, and integers, as by librosa"
    of_level = ["check_estimators_dtypes", "check_fit_idempotent", "check_fit_check_is_fitted"]
    return dict.fromkeys(of_features, reason) | dict.fromkeys(of_level, level)


@parametrize_with_checks(CLASSIFIERS[:1], expected_failed_checks=not_for_classifiers)
def test_classifier(estimator, check):
    check(estimator)


# What an encoder could do wrong; the rest of the battery is about the base, which all classifiers have in common.
OF_ENCODERS = [
    "check_classifiers_train",
    "check_estimators_dtypes",
    "check_fit2d_1feature",
    "check_fit2d_1sample",
    "check_parameters_default_constructible",
]


@pytest.mark.parametrize("check", OF_ENCODERS)
@pytest.mark.parametrize("estimator", CLASSIFIERS[1:], ids=lambda estimator: type(estimator).__name__)
def test_encoder(estimator, check):
    getattr(estimator_checks, check)(type(estimator).__name__, clone(estimator))


@parametrize_with_checks(CLIP_TRANSFORMERS, expected_failed_checks=not_for_clip_transformers)
def test_clip_transformer(estimator, check):
    check(estimator)


@parametrize_with_checks([FrameStatistics()])
def test_frame_statistics(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda estimator: type(estimator).__name__)
def test_tags_of_a_classifier(estimator):
    assert is_classifier(estimator)
    assert get_tags(estimator).estimator_type == "classifier"
    assert get_tags(estimator).input_tags.three_d_array


@pytest.mark.parametrize("estimator", CLIP_TRANSFORMERS, ids=lambda estimator: type(estimator).__name__)
def test_tags_of_a_clip_transformer(estimator):
    assert get_tags(estimator).input_tags.string
    assert get_tags(estimator).input_tags.two_d_array
