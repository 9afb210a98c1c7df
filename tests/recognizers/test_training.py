"""How the classifiers are trained: weights, early stopping, warm starts, some clips at a time."""

import numpy as np
import pytest
from sklearn.base import clone

from sklspeech import MelFeatures, Pipeline, SpeechCNN
from sklspeech.recognizers import auto

SMALL = {"stem": (8,), "epochs": 2, "batch_size": 30, "random_state": 0}
cnn = SpeechCNN(filters=(8,), **SMALL)


@pytest.fixture(scope="module")
def ragged(words):
    """Features of clips that keep their length."""
    return MelFeatures(duration=None).fit_transform(words.data)


def test_sample_weight_and_class_weight_count(words):
    X = np.random.default_rng(0).normal(size=(60, 20, 8)).astype(np.float32)  # nothing to learn but the weights
    base = SpeechCNN(stem=(), filters=(4,), epochs=15, batch_size=8, learning_rate=0.01, random_state=0)
    only_no = np.where(words.target == "no", 1.0, 1e-3)
    assert (base.fit(X, words.target, sample_weight=only_no).predict(X) == "no").mean() > 0.9
    weighted = clone(base).set_params(class_weight={"no": 1.0, "yes": 1e-3, "stop": 1e-3})
    assert (weighted.fit(X, words.target).predict(X) == "no").mean() > 0.9
    np.testing.assert_array_equal(
        base.fit(X, words.target, sample_weight=np.full(60, 7.0)).predict_proba(X),
        base.fit(X, words.target).predict_proba(X),
    )


@pytest.mark.parametrize("length", ["features", "ragged"])
@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"class_weight": "balanced"}], ids=str)
def test_nothing_is_learned_from_a_clip_without_weight(request, words, length, params, monkeypatch):
    """The same as without it: no mean, no floor, no epoch, no weight of a class, no place in a split."""
    for name, value in {"MIN_EPOCHS": 1, "MAX_EPOCHS": 20, "MIN_STEPS": 20}.items():
        monkeypatch.setattr(auto, name, value)
    X = request.getfixturevalue(length)
    kept = np.arange(60) >= 10
    weights, groups = np.where(kept, 2.0, 0.0), np.where(kept, words.groups, "left out")
    y = np.where(kept, words.target, "no")
    outliers = [clip if some else 1000 - clip for clip, some in zip(X, kept, strict=True)]
    alone = [clip for clip, some in zip(X, kept, strict=True) if some]
    if length == "features":
        outliers, alone = np.stack(outliers), np.stack(alone)
    classifier = clone(cnn).set_params(epochs="auto", batch_size=8, **params)
    expected = clone(classifier).fit(alone, y[kept], groups=groups[kept])
    got = classifier.fit(outliers, y, weights, groups)
    assert got.history_ == expected.history_
    np.testing.assert_array_equal(got.predict_proba(X), expected.predict_proba(X))


def test_the_label_of_a_clip_without_weight_is_a_class(features, words):
    y = np.where(np.arange(60) == 3, "maybe", words.target)
    classifier = clone(cnn).fit(features, y, sample_weight=(y != "maybe").astype(float))
    assert classifier.classes_.tolist() == ["maybe", "no", "stop", "yes"]


def test_early_stopping_looks_at_every_class(features, words):
    """Class-sorted clips: Keras's own split would validate on the last class alone."""
    order = np.argsort(words.target)
    stop = {"early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 8}
    classifier = clone(cnn).set_params(filters=(8, 8), epochs=60, batch_size=8, learning_rate=0.01, **stop)
    classifier.fit(features[order], words.target[order])
    assert len(classifier.history_["val_loss"]) < 60
    assert classifier.score(features, words.target) > 0.8


def test_early_stopping_of_clips_of_many_lengths(ragged, words):
    classifier = clone(cnn).set_params(early_stopping=True).fit(ragged, words.target, groups=words.groups)
    assert len(classifier.history_["val_loss"]) == 2


def test_early_stopping_by_groups(features, words):
    classifier = clone(cnn).set_params(early_stopping=True)
    with pytest.raises(ValueError, match="2 groups or more, got \\['one'\\]"):
        classifier.fit(features, words.target, groups=["one"] * 60)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        classifier.fit(features, words.target, groups=words.groups[:5])


def test_groups_are_routed_through_a_search(words):
    import sklearn
    from sklearn.model_selection import GridSearchCV, GroupKFold

    with sklearn.config_context(enable_metadata_routing=True):
        classifier = clone(cnn).set_params(early_stopping=True).set_fit_request(groups=True)
        search = GridSearchCV(Pipeline([MelFeatures(), classifier]), {"speechcnn__dropout": [0.1]}, cv=GroupKFold(2))
        search.fit(words.data, words.target, groups=words.groups)
    assert "val_loss" in search.best_estimator_[-1].history_


def test_warm_start_goes_on(features, words):
    classifier = clone(cnn).set_params(epochs=5, batch_size=8, warm_start=True)
    first = classifier.fit(features, words.target).history_["loss"]
    both = classifier.fit(features, words.target).history_["loss"]
    assert both[:5] == first
    assert len(both) == 10
    assert both[5] < first[0]
    cold = classifier.set_params(warm_start=False).fit(features, words.target).history_["loss"]
    assert cold == first


def test_partial_fit(features, words):
    classifier = clone(cnn).set_params(batch_size=8)
    only_no = words.target == "no"
    classifier.partial_fit(features[only_no], words.target[only_no], classes=["no", "stop", "yes"])
    assert classifier.classes_.tolist() == ["no", "stop", "yes"]
    for _ in range(14):
        classifier.partial_fit(features, words.target)
    assert len(classifier.history_["loss"]) == 15
    assert classifier.score(features, words.target) > 0.8
    with pytest.raises(ValueError, match=r"labels \['maybe'\] that are not among classes"):
        classifier.partial_fit(features[:1], ["maybe"])


def test_classes_of_partial_fit_do_not_reach_fit(features, words):
    classifier = clone(cnn)
    for _ in range(2):
        classifier.partial_fit(features, words.target, classes=["no", "stop", "yes", "other"])
    assert classifier.classes_.tolist() == ["no", "other", "stop", "yes"]
    assert classifier.fit(features, words.target).classes_.tolist() == ["no", "stop", "yes"]


def test_clips_of_many_lengths_are_not_mixed(ragged, words):
    with pytest.raises(ValueError, match=r"mixup=0\.2 needs clips of one length"):
        clone(cnn).set_params(mixup=0.2).fit(ragged, words.target)
    fitted = clone(cnn).fit(ragged, words.target).set_params(mixup=0.2, warm_start=True)
    for train in (fitted.fit, fitted.partial_fit):
        with pytest.raises(ValueError, match="needs clips of one length"):
            train(ragged, words.target)


@pytest.mark.parametrize(
    "params",
    [{"gain": 6.0, "snr": (5.0, 35.0), "mixup": 0.3}, {"ema_momentum": 0.9, "stem": ()}, {"masks": 0, "speed": 0.0}],
    ids=str,
)
def test_the_same_seed_trains_the_same_network(features, words, params):
    first, second = (
        clone(cnn).set_params(**params).fit(features, words.target).predict_proba(features) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
