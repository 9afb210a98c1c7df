"""SpeechTranscriber: learns sentences, says what is wrong with them, and does what estimators do."""

import itertools
import pickle
import warnings

import keras
import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score

from sklspeech import MelFeatures, Pipeline, SpeechTranscriber, datasets
from sklspeech.metrics import wer_scorer
from sklspeech.networks import CTCLoss
from sklspeech.text import NGramModel, write_arpa

SMALL = {"width": 24, "n_layers": 2, "batch_size": 8, "random_state": 0}


@pytest.fixture(scope="module")
def speech():
    return datasets.make_spoken_sentences(["yes", "no"], n_speakers=3, n_takes=16, random_state=0)


@pytest.fixture(scope="module")
def frames(speech):
    return MelFeatures(duration=None).fit_transform(speech.data)


@pytest.fixture(scope="module")
def trained(frames, speech):
    return SpeechTranscriber(**(SMALL | {"width": 48}), epochs=40).fit(frames, speech.target)


def test_learns_sentences(trained, frames, speech):
    assert trained.score(frames, speech.target) > 0.9
    predicted = trained.predict(frames)
    assert predicted.dtype == object
    assert trained.symbols_ == sorted(set("yes no"))
    assert not is_classifier(trained)
    assert not is_regressor(trained)


def test_a_clip_is_heard_alike_among_others(trained, frames):
    together, alone = trained.predict_log_proba(frames[:5]), [trained.predict_log_proba([f])[0] for f in frames[:5]]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(np.exp(one), np.exp(other), atol=1e-5)


def test_words_have_times(trained, frames, speech):
    words = trained.predict_words(frames[:3], frame_rate=100.0)
    assert [" ".join(word.text for word in clip) for clip in words] == trained.predict(frames[:3]).tolist()
    aligned = trained.align(frames[:3], speech.target[:3])
    for clip, sentence, frame in zip(aligned, speech.target[:3], frames[:3], strict=True):
        assert [word.text for word in clip] == sentence.split()
        assert all(0 <= word.start < word.end <= len(frame) / 100 + 0.04 for word in clip)
        assert all(0 < word.confidence <= 1 for word in clip)
        assert all(one.end <= other.start for one, other in itertools.pairwise(clip))


def test_pipeline_knows_the_rate_of_its_frames(speech):
    pipeline = Pipeline([MelFeatures(duration=None, hop_length=320), SpeechTranscriber(**SMALL, stem=(16,), epochs=1)])
    pipeline.fit(speech.data, speech.target)
    (words,) = pipeline.align(speech.data[:1], speech.target[:1])
    assert words[-1].end <= len(speech.data[0]) / 16000 + 0.04
    assert words[-1].end > 0.3


DECODERS = [
    {"decoder": "beam"},
    {"decoder": "beam", "language_model": "train"},
    {"decoder": "beam", "language_model": ["yes no", "no no yes"]},
    {"decoder": "beam", "vocabulary": "train"},
    {"grammar": "train"},
    {"grammar": ["yes", "no yes"]},
]


@pytest.mark.parametrize("params", DECODERS)
def test_decoders(trained, frames, speech, params):
    """Set after training, without training."""
    heard = pickle.loads(pickle.dumps(trained)).set_params(**params)
    predicted = heard.predict(frames)
    if params.get("grammar") == ["yes", "no yes"]:
        assert set(predicted) <= {"yes", "no yes"}
    else:
        assert heard.score(frames, speech.target) > 0.9
    if "vocabulary" in params:
        assert {word for sentence in predicted for word in sentence.split()} <= {"yes", "no"}


def test_language_model_of_a_file(trained, frames, speech, tmp_path):
    write_arpa(NGramModel.learn([s.split() for s in speech.target], 3), tmp_path / "lm.arpa")
    heard = pickle.loads(pickle.dumps(trained)).set_params(decoder="beam", language_model=tmp_path / "lm.arpa")
    assert heard.score(frames, speech.target) > 0.9
    again = pickle.loads(pickle.dumps(heard))
    (tmp_path / "lm.arpa").unlink()
    assert again.predict(frames[:3]).tolist() == heard.predict(frames[:3]).tolist()


WRONG = {
    "no y": (None, "requires y to be passed"),
    "None": (["yes", None, "no"], "no label in row 1"),
    "NaN": (["yes", float("nan"), "no"], "no label in row 1"),
    "numbers": ([1, 2, 3], "y must be sentences, one str a clip, got int in row 0"),
    "empty": (["yes", " ", "no"], "nothing is left to learn, in row 1: ' '"),
    "punctuation": (["yes", "no", "?!"], "in row 2: '\\?!'"),
    "one sentence": (["yes", "Yes!", "yes"], "needs 2 sentences or more, got 'yes' alone"),
    "too long": (["yes", "no " * 200, "no"], r"1 clips are too short for their sentences, row 1: clip 1 has"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_learned_is_named_before_training(frames, name):
    y, error = WRONG[name]
    with pytest.raises(ValueError, match=error):
        SpeechTranscriber(**SMALL, epochs=1).fit(frames[:3], y)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"units": "syllable"}, "'units' parameter"),
        ({"units": ["a", "a"]}, "units must be symbols"),
        ({"language_model": "train"}, "language_model is for decoder='beam'"),
        ({"vocabulary": "train"}, "vocabulary is for decoder='beam'"),
        ({"grammar": ["boy"]}, "'boy' has"),
        ({"grammar": []}, "there are no sentences"),
        ({"decoder": "beam", "language_model": "/nowhere/lm.arpa"}, "No such file"),
        ({"encoder": "lstm"}, "'encoder' parameter"),
        ({"lm_weight": -1}, "'lm_weight' parameter"),
        ({"beam_width": 0}, "'beam_width' parameter"),
    ],
)
def test_parameters_are_checked_before_training(frames, speech, params, error):
    with pytest.raises((ValueError, OSError), match=error):
        SpeechTranscriber(**SMALL, epochs=1, **params).fit(frames, speech.target)


def test_paths_and_other_features_are_refused(trained, frames):
    with pytest.raises(ValueError, match=r"put MelFeatures\(\) before it"):
        trained.predict(["one.wav"])
    with pytest.raises(ValueError, match="X has 13 features, but SpeechTranscriber is expecting 40"):
        trained.predict([frames[0][:, :13]])
    with pytest.raises(ValueError, match="'quiz' cannot be aligned: no training sentence has any symbol of it"):
        trained.align(frames[:1], ["yes quiz"])


def test_unknown_characters_are_passed_over_in_alignment(trained, frames):
    (words,) = trained.align(frames[:1], ["yesx no"])
    assert [word.text for word in words] == ["yesx", "no"]


def test_a_character_that_was_never_learned_is_an_error_of_the_recognizer(trained, frames):
    assert trained.score(frames[:2], ["quiz", "box"]) <= 0


def test_warm_start_goes_on(frames, speech):
    network = SpeechTranscriber(**SMALL, epochs=2, warm_start=True).fit(frames, speech.target)
    first = network.history_["loss"]
    network.fit(frames, speech.target)
    assert network.history_["loss"][:2] == first
    assert len(network.history_["loss"]) == 4
    with pytest.raises(ValueError, match="which no training sentence has"):
        network.fit(frames[:2], ["boy", "box"])


def test_partial_fit_knows_symbols_that_come_later(frames, speech):
    network = SpeechTranscriber(**SMALL)
    network.partial_fit(frames[:8], speech.target[:8], sentences=["yes no", "stop"])
    network.partial_fit(frames[8:16], ["stop"] * 8)
    assert network.symbols_ == sorted(set("yes no stop"))
    assert len(network.history_["loss"]) == 2


def test_early_stopping_keeps_speakers_together(frames, speech):
    network = SpeechTranscriber(**SMALL, epochs=3, early_stopping=True)
    network.fit(frames, speech.target, groups=speech.groups)
    assert len(network.history_["val_loss"]) == 3
    labels = np.asarray(speech.target, dtype=object)
    train, validation = network._split(labels, speech.groups)
    assert not set(speech.groups[train]) & set(speech.groups[validation])
    train, validation = network._split(labels, None)
    assert not set(labels[train]) & set(labels[validation])


def test_weights(frames, speech):
    """A clip of weight 0 is as if it were not there."""
    weights = np.ones(len(frames))
    weights[20:] = 0
    weighted = SpeechTranscriber(**SMALL, epochs=1).fit(frames, speech.target, sample_weight=weights)
    alone = SpeechTranscriber(**SMALL, epochs=1).fit(frames[:20], speech.target[:20])
    assert weighted.history_["loss"] == alone.history_["loss"]


def test_a_seed_gives_the_same_again(frames, speech):
    runs = [SpeechTranscriber(**SMALL, epochs=1).fit(frames, speech.target).predict_log_proba(frames[:2]) for _ in "ab"]
    np.testing.assert_array_equal(runs[0][0], runs[1][0])


def test_clone_pickle_search_and_cross_validation(frames, speech):
    pipeline = Pipeline([MelFeatures(duration=None), SpeechTranscriber(**SMALL, epochs=1)])
    scores = cross_val_score(pipeline, speech.data, speech.target, cv=2, scoring=wer_scorer)
    assert scores.shape == (2,)
    scores = cross_val_score(pipeline, speech.data, speech.target, groups=speech.groups, cv=GroupKFold(2))
    assert scores.shape == (2,)
    search = GridSearchCV(pipeline, {"speechtranscriber__decoder": ["greedy", "beam"]}, cv=2)
    search.fit(speech.data, speech.target)
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    assert again.predict(speech.data[:2]).tolist() == search.predict(speech.data[:2]).tolist()
    assert clone(pipeline)[-1].get_params()["width"] == 24


@pytest.mark.parametrize("encoder", ["cnn", "rnn", "crnn", "transformer"])
def test_every_encoder_trains_without_nan(frames, speech, encoder):
    network = SpeechTranscriber(encoder=encoder, **SMALL, epochs=2).fit(frames[:16], speech.target[:16])
    assert np.isfinite(network.history_["loss"]).all()
    together, alone = network.predict_log_proba(frames[:3]), network.predict_log_proba(frames[:1])
    np.testing.assert_allclose(np.exp(together[0]), np.exp(alone[0]), atol=1e-4)


@pytest.mark.parametrize("units", ["word", "jamo", ["ye", "s", "n", "o", " "]])
def test_units(frames, speech, units):
    network = SpeechTranscriber(units=units, **SMALL, epochs=1).fit(frames, speech.target)
    assert all(isinstance(sentence, str) for sentence in network.predict(frames[:2]))


def test_it_begins_from_another_one(trained, frames, speech):
    network = SpeechTranscriber(**(SMALL | {"width": 48}), epochs=1, learning_rate=1e-5, initialize_from=trained)
    network.fit(frames[:8], speech.target[:8])
    assert "probabilities" in network.layers_taken_over_
    assert network.score(frames, speech.target) > 0.8


def test_a_training_that_hears_nothing_warns(frames, speech, monkeypatch):
    def blanks(self, clips):
        return [np.log(np.tile([1e-9] * len(self.symbols_) + [1.0], (5, 1))) for _ in clips]

    monkeypatch.setattr(SpeechTranscriber, "_log_probabilities", blanks)
    with pytest.warns(UserWarning, match="after 1 epochs SpeechTranscriber still hears nothing in the training clips"):
        SpeechTranscriber(**SMALL, epochs=1).fit(frames[:16], speech.target[:16])


def ctc_inputs():
    random = np.random.default_rng(0)
    logits = random.normal(size=(3, 12, 6)).astype(np.float32)
    targets = np.full((3, 6), -1, np.int32)
    targets[0, :4], targets[1, :6], targets[2, :2] = (12, 0, 0, 3), (11, 1, 2, 3, 4, 0), (7, 4)
    return targets, np.asarray(keras.ops.log_softmax(logits))


def test_loss_is_that_of_the_dense_way():
    targets, outputs = ctc_inputs()
    n_labels = (targets[:, 1:] >= 0).sum(axis=1).astype("int32")
    expected = keras.ops.ctc_loss(np.maximum(targets[:, 1:], 0), outputs, n_labels, targets[:, 0], mask_index=5)
    got = CTCLoss(reduction=None)(targets, outputs)
    np.testing.assert_allclose(got, np.asarray(expected) / n_labels, rtol=1e-5)


def test_loss_does_not_see_padding():
    targets, outputs = ctc_inputs()
    longer = np.concatenate([outputs, np.full((3, 5, 6), -3.0, np.float32)], axis=1)
    wider = np.concatenate([targets, np.full((3, 4), -1, np.int32)], axis=1)
    np.testing.assert_allclose(CTCLoss(None)(wider, longer), CTCLoss(None)(targets, outputs), rtol=1e-5)


def test_gradient_of_certain_steps_is_a_number():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("takes gradients by TensorFlow")
    import tensorflow as tf

    targets, outputs = ctc_inputs()
    logits = tf.Variable(outputs * 1e4)
    with tf.GradientTape() as tape:
        loss = CTCLoss()(targets, tf.nn.log_softmax(logits))
    assert np.isfinite(loss)
    assert np.isfinite(tape.gradient(loss, logits)).all()


def test_pairs_are_joined_with_a_blank_between(trained):
    clips = [np.full((n, 40), n, np.float32) for n in (40, 48, 56)]
    targets = [np.array([10, 1, 2]), np.array([12, 3]), np.array([14, 2])]
    joined, sentences, weights = trained._join_pairs(clips, targets, np.array([1.0, 3.0, 2.0], np.float32))
    assert [len(clip) for clip in joined] == [144]
    assert sentences[0].tolist() == [36, 1, 2, 0, 3, 0, 2]
    assert weights.tolist() == [2.0]


def test_no_warning_without_a_reason(frames, speech):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SpeechTranscriber(**(SMALL | {"width": 32}), epochs=15).fit(frames, speech.target)
