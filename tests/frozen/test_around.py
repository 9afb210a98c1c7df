"""RejectOption and WordSpotter in an archive: a round trip, and what is made by hand to hurt."""

import numpy as np
import pytest
from archives import contents, with_manifest, write
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from sklspeech import (
    ArchiveError,
    AugmentedClassifier,
    FrameStatistics,
    MelFeatures,
    Pipeline,
    RejectOption,
    SpeechCNN,
    WordSpotter,
    datasets,
    freeze,
    save,
)
from sklspeech import load as load_archive

RATE = 16_000


@pytest.fixture(scope="module")
def speech():
    return datasets.make_spoken_words(["yes", "no", "stop", "go"], n_speakers=3, n_takes=4, random_state=0)


@pytest.fixture(scope="module")
def pipeline(speech):
    network = SpeechCNN(filters=(16,), epochs=5, random_state=0)
    return Pipeline([MelFeatures(duration=0.8), network]).fit(speech.data, speech.target)


@pytest.fixture(scope="module")
def sound(speech):
    pause = np.zeros(RATE, np.float32)
    return np.concatenate([pause, speech.data[0], pause, speech.data[-1], pause])


@pytest.fixture(scope="module")
def rejecting(pipeline, speech):
    return freeze(RejectOption(pipeline, cv=2, random_state=0).fit(speech.data, speech.target))


@pytest.fixture(scope="module")
def frozen(pipeline):
    return freeze(pipeline)


@pytest.fixture(scope="module")
def good(frozen, rejecting, tmp_path_factory):
    """Archives that nobody has changed."""
    folder = tmp_path_factory.mktemp("good")
    save(rejecting, folder / "reject_option.sklspeech")
    save(WordSpotter(frozen, threshold=0.5), folder / "word_spotter.sklspeech")
    return folder


def test_reject_option(rejecting, speech, good, tmp_path):
    loaded = load_archive(good / "reject_option.sklspeech")
    assert isinstance(loaded, RejectOption)
    np.testing.assert_array_equal(loaded.predict_proba(speech.data), rejecting.predict_proba(speech.data))
    np.testing.assert_array_equal(loaded.predict(speech.data), rejecting.predict(speech.data))
    for name in ("threshold_", "false_alarm_rate_", "miss_rate_", "unknown_label_", "target_false_alarm_rate", "cv"):
        assert getattr(loaded, name) == getattr(rejecting, name)
    assert loaded.classes_.tolist() == rejecting.classes_.tolist() == ["go", "no", "stop", "unknown", "yes"]
    save(loaded, tmp_path / "again.sklspeech")
    np.testing.assert_array_equal(
        load_archive(tmp_path / "again.sklspeech").predict(speech.data[:3]), rejecting.predict(speech.data[:3])
    )


def fitted_with_lag(spotter, sound):
    spotter.fit([sound], [[("yes", 1.0, 1.5)]])
    spotter.lag_ = 0.123
    return spotter


SPOTTERS = {
    "a number": lambda p, speech, sound: WordSpotter(freeze(p), threshold=0.5, energy_gate=None),
    "one a word": lambda p, speech, sound: WordSpotter(
        freeze(p), threshold={"yes": np.float32(0.4), "no": 0.5}, labels=np.array(["yes", "no"])
    ),
    "fitted": lambda p, speech, sound: fitted_with_lag(WordSpotter(freeze(p), labels=["yes", "go"]), sound),
    "kept fitted": lambda p, speech, sound: freeze(WordSpotter(FrozenEstimator(p), threshold=0.5)),
    "augmented": lambda p, speech, sound: freeze(
        WordSpotter(AugmentedClassifier(p, n_copies=1).fit(speech.data, speech.target), threshold=0.5)
    ),
    "searched": lambda p, speech, sound: freeze(
        WordSpotter(
            GridSearchCV(p, {"speechcnn__epochs": [5]}, cv=2).fit(speech.data, speech.target),
            threshold=0.5,
        )
    ),
}


@pytest.mark.parametrize("kind", SPOTTERS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_word_spotter(kind, pipeline, speech, sound, tmp_path):
    spotter = SPOTTERS[kind](pipeline, speech, sound)
    save(spotter, tmp_path / "m.sklspeech")
    loaded = load_archive(tmp_path / "m.sklspeech")
    assert loaded.detect([sound]) == spotter.detect([sound])
    assert loaded.detect([sound])[0]
    np.testing.assert_array_equal(loaded.predict_scores([sound])[0], spotter.predict_scores([sound])[0])
    assert loaded.limits_ == spotter.limits_
    assert loaded.delay_ == spotter.delay_
    assert getattr(loaded, "scores_", None) == getattr(spotter, "scores_", None)
    for name in ("hop", "smoothing", "patience", "refractory", "energy_gate", "background_labels", "threshold"):
        assert getattr(loaded, name) == getattr(spotter, name)
    assert loaded.words_ == spotter.words_
    assert isinstance(loaded.estimator, FrozenEstimator) == (kind == "kept fitted")
    if kind == "kept fitted":
        assert clone(loaded).detect([sound]) == spotter.detect([sound])


def test_what_cannot_be_saved(pipeline, frozen, rejecting, speech, tmp_path):
    path = tmp_path / "m.sklspeech"
    with pytest.raises(NotFittedError):
        save(WordSpotter(frozen), path)
    with pytest.raises(ValueError, match="freeze it first"):
        save(WordSpotter(pipeline, threshold=0.5), path)
    with pytest.raises(ValueError, match=r"got \['RejectOption'\]"):
        save(WordSpotter(rejecting, threshold=0.5), path)
    table = Pipeline([MelFeatures(duration=0.8), FrameStatistics(), LogisticRegression(max_iter=500)])
    with pytest.raises(ValueError, match=r"got .*'FrameStatistics'"):
        save(RejectOption(table, cv=2, random_state=0).fit(speech.data, speech.target), path)
    with pytest.raises(ArchiveError, match=r"hop must be from 0\.001 to 60, got 1e-05"):
        save(WordSpotter(frozen, threshold=0.5, hop=1e-5), path)
    with pytest.raises(ValueError, match="energy_gate=-inf cannot be saved, expected a finite number"):
        save(WordSpotter(frozen, threshold=0.5, energy_gate=-np.inf), path)
    assert not list(tmp_path.iterdir())


LOAD = """
import sklspeech
model = sklspeech.load(sys.argv[1])
print(*model.predict(sys.argv[3:]))
spotter = sklspeech.load(sys.argv[2])
print(*(len(found) for found in spotter.detect(sys.argv[3:])))
"""


def test_they_load_where_training_is_not_installed(run_without_training, rejecting, frozen, good, words):
    paths = words.data[:3]
    out = run_without_training(LOAD, good / "reject_option.sklspeech", good / "word_spotter.sklspeech", *paths)
    labels, numbers = out.splitlines()
    assert labels.split() == rejecting.predict(paths).tolist()
    assert [int(n) for n in numbers.split()] == [len(hits) for hits in WordSpotter(frozen, threshold=0.5).detect(paths)]


def around(part, name, value):
    return with_manifest(lambda manifest: manifest["around"][part].update({name: value}))


OF_REJECT_OPTION = {
    "of another type": (with_manifest(lambda m: m.update(around=[1])), "around must be dict"),
    "of another class": (with_manifest(lambda m: m["around"].update({"class": "os.system"})), "expected one of"),
    "a class that cannot be hashed": (with_manifest(lambda m: m["around"].update({"class": []})), "expected one of"),
    "more": (with_manifest(lambda m: m["around"].update(evil=1)), "no use for .'evil'"),
    "params of another type": (with_manifest(lambda m: m["around"].update(params=[])), "params of around must be dict"),
    "another estimator": (around("params", "estimator", "os.system"), "no use for .'estimator'"),
    "a method": (around("fitted", "predict", "x"), "no use for .'predict'"),
    "cv": (around("params", "cv", "3"), "'cv' parameter"),
    "threshold": (around("fitted", "threshold_", "0.5"), "threshold_ must be a number"),
    "a threshold that overflows": (around("fitted", "threshold_", 1e300), "threshold_ must be from 0 to 2"),
    "a rate": (around("fitted", "miss_rate_", -55), "miss_rate_ must be from 0 to 1"),
    "label": (around("fitted", "unknown_label_", 5), "unknown_label must be str"),
    "a long label": (around("fitted", "unknown_label_", "x" * 900_000), "200 characters or fewer"),
    "fitted in part": (with_manifest(lambda m: m["around"].update(fitted={})), "lacks or has no use for"),
}
OF_SPOTTER = {
    "threshold of another type": (around("params", "threshold", "high"), "'threshold' parameter"),
    "threshold of no number": (around("params", "threshold", [["yes", "1"]]), "a threshold must be a number"),
    "threshold of lists": (around("params", "threshold", [[[], 0.5]]), "cannot be used"),
    "no pairs": (around("params", "threshold", [["yes"]]), "cannot be used"),
    "threshold above 1": (around("params", "threshold", 2.0), "'threshold' parameter"),
    "a word that is missing": (around("params", "threshold", [["yes", 0.5]]), "lacks"),
    "auto, not fitted": (around("params", "threshold", "auto"), "is found by fit"),
    "threshold as an object": (around("params", "threshold", {"yes": True}), "threshold must be a number, pairs"),
    "threshold true": (around("params", "threshold", True), "threshold must be a number, pairs"),
    "a label twice": (around("params", "threshold", [["yes", 0.5], ["yes", 0.6]]), "a label twice"),
    "labels": (around("params", "labels", ["evil"]), "must be labels of the pipeline"),
    "labels again and again": (around("params", "labels", ["no"] * 100_000), "must be labels of the pipeline"),
    "background": (around("params", "background_labels", 5), "background_labels must be list"),
    "background as text": (around("params", "background_labels", "silence"), "background_labels must be list"),
    "much background": (around("params", "background_labels", ["a"] * 20_000), "100 or fewer"),
    "much smoothing": (
        with_manifest(lambda m: m["around"]["params"].update(hop=0.001, smoothing=60.0)),
        "smoothing / hop must be from 0 to 1000",
    ),
    "kept": (with_manifest(lambda m: m["around"].update(is_kept_fitted=1)), "must be true or false"),
    "hop": (around("params", "hop", 1e-9), "hop must be from 0.001 to 60, got 1e-09"),
    "a long hop": (around("params", "hop", 1e308), "hop must be from"),
    "smoothing": (around("params", "smoothing", 1e9), "smoothing must be from 0 to 60"),
    "a loud gate": (around("params", "energy_gate", 1e5), "energy_gate must be from"),
    "patience": (around("params", "patience", 1.5), "'patience' parameter"),
    "gate": (around("params", "energy_gate", "loud"), "'energy_gate' parameter"),
    "lag": (with_manifest(lambda m: m["around"].update(fitted={"lag_": 0.1})), "lacks or has no use for"),
    "a long lag": (
        with_manifest(
            lambda m: m["around"].update(
                fitted={"lag_": 5, "thresholds_": [["yes", 0.5]], "scores_": [1, 1, 0, 0.1]},
                params=m["around"]["params"] | {"threshold": "auto"},
            )
        ),
        "lag_ must be from -0.8 to 0.8",
    ),
    "scores": (
        with_manifest(
            lambda m: m["around"].update(fitted={"lag_": 0.1, "thresholds_": [["yes", 0.5]], "scores_": [1, 2]})
        ),
        "cannot be used",
    ),
    "scores of no time": (
        with_manifest(
            lambda m: m["around"].update(fitted={"lag_": 0.1, "thresholds_": [["yes", 0.5]], "scores_": [1, 1, 0, 0]})
        ),
        "hours of scores_ must be from",
    ),
}


@pytest.mark.parametrize("name", OF_REJECT_OPTION)
def test_a_reject_option_made_to_hurt(good, name, tmp_path):
    expect_refused(good / "reject_option.sklspeech", tmp_path / "evil.sklspeech", *OF_REJECT_OPTION[name])


@pytest.mark.parametrize("name", OF_SPOTTER)
def test_a_spotter_made_to_hurt(good, name, tmp_path):
    expect_refused(good / "word_spotter.sklspeech", tmp_path / "evil.sklspeech", *OF_SPOTTER[name])


def expect_refused(good, evil, make, message):
    path = write(evil, make(contents(good)))
    with pytest.raises(ArchiveError, match=message) as error:
        load_archive(path)
    assert "evil.sklspeech" in str(error.value)
