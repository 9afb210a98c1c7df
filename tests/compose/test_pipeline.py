"""From paths to labels with everything scikit-learn has."""

import subprocess
import sys

import joblib
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    LeaveOneGroupOut,
    cross_val_score,
    permutation_test_score,
)
from sklearn.pipeline import Pipeline as SklearnPipeline
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklspeech import AudioLoader, FrameStatistics, MelFeatures, MFCCFeatures, Pipeline, SpeechCNN

mpl.use("Agg")


def cnn(**params):
    return SpeechCNN(**{"filters": (8, 8), "epochs": 15, "batch_size": 8, "random_state": 0, **params})


@pytest.fixture
def speech():
    return Pipeline([MelFeatures(duration=0.5), cnn()])  # of one length: a fold is no other network to trace


@pytest.fixture(scope="module")
def fitted(words):
    return Pipeline([MelFeatures(), cnn()]).fit(words.data, words.target)


def test_as_written_in_the_readme(words):
    pipeline = Pipeline([MelFeatures(), SpeechCNN(epochs=15, batch_size=8, random_state=0)])
    assert pipeline.fit(words.data, words.target).score(words.data, words.target) > 0.9


@pytest.mark.parametrize(
    ("steps", "names"),
    [
        ([MelFeatures(), SpeechCNN()], ["melfeatures", "speechcnn"]),
        ([("mel", MelFeatures()), SpeechCNN()], ["mel", "speechcnn"]),
        ([("mel", MelFeatures()), ("cnn", SpeechCNN())], ["mel", "cnn"]),
        ([AudioLoader(), MelFeatures(), "passthrough", SVC()], ["audioloader", "melfeatures", "passthrough", "svc"]),
        ([StandardScaler(), StandardScaler()], ["standardscaler-1", "standardscaler-2"]),
    ],
    ids=str,
)
def test_names_of_steps(steps, names):
    pipeline = Pipeline(steps)
    assert list(pipeline.named_steps) == names
    assert list(clone(pipeline).named_steps) == names
    assert list(Pipeline([SVC()]).set_params(steps=steps).named_steps) == names


def test_a_given_name_must_differ():
    with pytest.raises(ValueError, match="svc"):
        Pipeline([("svc", StandardScaler()), SVC()])


@pytest.mark.parametrize(
    "make", [lambda *steps: SklearnPipeline([("mel", steps[0]), ("cnn", steps[1])]), make_pipeline]
)
def test_scikit_learns_own_pipeline(words, fitted, make):
    pipeline = make(MelFeatures(), cnn()).fit(words.data, words.target)
    np.testing.assert_array_equal(pipeline.predict_proba(words.data), fitted.predict_proba(words.data))


@pytest.mark.parametrize("container", [list, pd.Series, lambda paths: pd.DataFrame({"path": paths})])
def test_containers(words, fitted, container):
    np.testing.assert_array_equal(fitted.predict(container(words.data)), fitted.predict(words.data))


def test_a_prediction_does_not_depend_on_neighbours(words, fitted):
    alone = np.concatenate([fitted.predict_proba([path]) for path in words.data[:9]])
    np.testing.assert_allclose(alone, fitted.predict_proba(words.data)[:9], atol=1e-6)


def test_leave_one_speaker_out(words, speech):
    speech.set_params(speechcnn__epochs=30)
    scores = cross_val_score(speech, words.data, words.target, groups=words.groups, cv=LeaveOneGroupOut())
    assert len(scores) == 4
    assert scores.mean() > 0.7


def test_grid_search_over_features_and_network(words, speech):
    grid = {
        "melfeatures__n_mels": [20, 40],
        "speechcnn__dropout": [0.1],
        "speechcnn__learning_rate": [0.003],
    }
    search = GridSearchCV(speech, grid, cv=LeaveOneGroupOut(), n_jobs=2)
    search.fit(words.data[:40], words.target[:40], groups=words.groups[:40] > "s00")
    assert search.best_params_.keys() == grid.keys()
    assert search.best_estimator_[-1].learning_rate == 0.003
    assert search.score(words.data, words.target) > 0.6


def test_halving_random_search(words, speech):
    search = HalvingRandomSearchCV(
        speech,
        {"speechcnn__learning_rate": [0.003, 0.01]},
        resource="speechcnn__epochs",
        min_resources=2,
        max_resources=6,
        cv=2,
        random_state=0,
    )
    search.fit(words.data, words.target)
    assert search.best_params_["speechcnn__learning_rate"] in (0.003, 0.01)
    assert search.n_resources_[0] == 2
    assert search.best_estimator_[-1].epochs == search.n_resources_[-1]


@pytest.mark.parametrize("method", ["temperature", "sigmoid"])
def test_calibration(words, speech, method):
    calibrated = CalibratedClassifierCV(speech, method=method, cv=2).fit(words.data, words.target)
    assert calibrated.score(words.data, words.target) > 0.6
    np.testing.assert_allclose(calibrated.predict_proba(words.data[:5]).sum(axis=1), 1, atol=1e-6)


def test_confusion_matrix(words, fitted):
    display = ConfusionMatrixDisplay.from_estimator(fitted, words.data, words.target)
    assert display.confusion_matrix.sum() == len(words.data)


def test_permutation_test(words):
    score, permuted, _ = permutation_test_score(
        Pipeline([MelFeatures(), cnn(epochs=10)]), words.data, words.target, cv=2, n_permutations=2, random_state=0
    )
    assert score > permuted.max()


@pytest.mark.parametrize("ensemble", ["voting", "stacking"])
def test_ensemble_of_two_pipelines(words, speech, ensemble):
    members = [("cnn", speech), ("mfcc", Pipeline([MFCCFeatures(), FrameStatistics(), LogisticRegression()]))]
    if ensemble == "voting":
        model = VotingClassifier(members, voting="soft")
    else:
        model = StackingClassifier(members, LogisticRegression(), cv=2)
    assert model.fit(words.data, words.target).score(words.data, words.target) > 0.8


@pytest.mark.parametrize("classifier", [SVC(), HistGradientBoostingClassifier(max_iter=10)], ids=str)
def test_classical_classifiers(words, classifier):
    pipeline = Pipeline([MFCCFeatures(), FrameStatistics(), classifier]).fit(words.data, words.target)
    assert pipeline.score(words.data, words.target) > 0.8


IN_ANOTHER_PROCESS = """
import sys
import joblib
import numpy as np
model, paths, result = sys.argv[1:]
np.save(result, joblib.load(model).predict_proba(np.load(paths)))
"""


def test_joblib_in_another_process(words, fitted, tmp_path):
    joblib.dump(fitted, tmp_path / "model.joblib")
    np.save(tmp_path / "paths.npy", words.data)
    names = [str(tmp_path / name) for name in ("model.joblib", "paths.npy", "result.npy")]
    subprocess.run([sys.executable, "-c", IN_ANOTHER_PROCESS, *names], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "result.npy"), fitted.predict_proba(words.data))


def test_joblib_file_has_no_path_and_no_optimizer(words, fitted, tmp_path):
    joblib.dump(fitted, tmp_path / "model.joblib")
    content = (tmp_path / "model.joblib").read_bytes()
    for path in (words.data[0], sys.prefix, str(tmp_path)):
        assert path.encode() not in content
    for word in (b"_velocity", b"optimizer_state"):
        assert word not in content
    assert len(content) < sum(w.nbytes for w in fitted[-1].model_.get_weights()) + 20_000


def test_real_speech_of_unheard_speakers(fsdd):
    """Two digits by three speakers: enough to see that the whole chain works on recordings."""
    few = np.isin(fsdd.target, ["six", "nine"]) & np.isin(fsdd.groups, ["george", "jackson", "theo"])
    speech = Pipeline([MelFeatures(n_jobs=2), cnn(epochs=10)])
    data, target, groups = (values[few] for values in (fsdd.data, fsdd.target, fsdd.groups))
    scores = cross_val_score(speech, data, target, groups=groups, cv=LeaveOneGroupOut())
    assert scores.mean() > 0.7
