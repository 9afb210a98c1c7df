"""MelFeatures, MFCCFeatures and FrameStatistics as a user meets them."""

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklspeech import AudioError, AudioLoader, FrameStatistics, MelFeatures, MFCCFeatures
from sklspeech.audio.reading import read_samples

BOTH = [MelFeatures(), MFCCFeatures(n_mfcc=13, deltas=2)]


def librosa_features(y, mfcc, top_db=70.0):
    y = librosa.effects.preemphasis(y, coef=0.97)
    mel = librosa.feature.melspectrogram(y=y, sr=16000, n_fft=400, hop_length=160, n_mels=40)
    db = librosa.power_to_db(mel, top_db=top_db)
    if not mfcc:
        return db.T
    cepstra = librosa.feature.mfcc(S=db, n_mfcc=13)
    return np.concatenate([cepstra, librosa.feature.delta(cepstra), librosa.feature.delta(cepstra, order=2)]).T


@pytest.mark.parametrize("top_db", [50.0, 70.0, 80.0, None])
@pytest.mark.parametrize("features", BOTH, ids=str)
def test_paths_give_librosas_features(fsdd, features, top_db):
    features = clone(features).set_params(top_db=top_db)
    rows = features.fit_transform(fsdd.data[::150])
    assert rows.dtype == np.float32
    for path, row in zip(fsdd.data[::150], rows, strict=True):
        y = librosa.util.fix_length(librosa.load(path, sr=16000)[0], size=features.n_samples_)
        np.testing.assert_allclose(row, librosa_features(y, isinstance(features, MFCCFeatures), top_db), atol=1e-3)


@pytest.mark.parametrize("features", BOTH, ids=str)
def test_16_bit_samples_give_librosas_features(words, features):
    rows = clone(features).set_params(duration=0.7).fit_transform(words.data[::10])
    for path, row in zip(words.data[::10], rows, strict=True):
        y = librosa.util.fix_length(librosa.load(path, sr=16000)[0], size=11200)
        np.testing.assert_allclose(row, librosa_features(y, isinstance(features, MFCCFeatures)), atol=1e-3)


@pytest.mark.parametrize("features", BOTH, ids=str)
def test_waveforms_give_the_same_as_paths(words, features):
    features = clone(features).set_params(duration=0.7)
    from_paths = features.fit_transform(words.data)
    waveforms = AudioLoader().fit_transform(words.data)
    np.testing.assert_array_equal(features.fit_transform(waveforms), from_paths)
    array = AudioLoader(duration=0.7).fit_transform(words.data)
    np.testing.assert_array_equal(features.fit_transform(array), from_paths)


def test_a_reference_below_the_floor_is_exact(words):
    for path, row in zip(words.data, MelFeatures(duration=1.0, ref=np.min).fit_transform(words.data), strict=True):
        y = librosa.util.fix_length(librosa.load(path, sr=16000)[0], size=16000)
        y = librosa.effects.preemphasis(y, coef=0.97)
        mel = librosa.feature.melspectrogram(y=y, sr=16000, n_fft=400, hop_length=160, n_mels=40)
        np.testing.assert_allclose(row, librosa.power_to_db(mel, ref=np.min, top_db=70.0).T, atol=1e-3)


@pytest.mark.parametrize(
    "params",
    [
        {"preemphasis": 0.0},
        {"top_db": 80.0},
        {"power": 1.0},
        {"pad_mode": "reflect"},
        {"center": False},
        {"trim": 20.0},
    ],
    ids=str,
)
def test_samples_of_a_file_are_those_of_its_waveform(words, params):
    assert read_samples(words.data[0], 16000).samples.dtype == np.int16
    features = MelFeatures(duration=0.7, **params)
    waveforms = AudioLoader(duration=0.7, trim=params.get("trim")).fit_transform(words.data)
    from_waveforms = features.set_params(trim=None).fit_transform(waveforms)
    np.testing.assert_array_equal(features.set_params(**params).fit_transform(words.data), from_waveforms)


def test_clips_of_different_formats_do_not_depend_on_each_other(tmp_path, words):
    paths = []
    for i, (name, clip) in enumerate(zip(words.data, AudioLoader().fit_transform(words.data), strict=True)):
        paths += [name, str(tmp_path / f"{i}.flac"), str(tmp_path / f"{i}.wav")]
        soundfile.write(paths[-2], clip, 16000)
        soundfile.write(paths[-1], np.stack([clip, clip], axis=1), 16000)
    rows = MelFeatures(duration=0.7).fit_transform(paths)
    expected = MelFeatures(duration=0.7).fit_transform(words.data)
    np.testing.assert_array_equal(rows, np.repeat(expected, 3, axis=0))


@pytest.mark.parametrize("features", BOTH, ids=str)
def test_ragged_clips_keep_their_length(words, features):
    rows = clone(features).set_params(duration=None).fit_transform(words.data)
    waveforms = AudioLoader().fit_transform(words.data)
    assert isinstance(rows, list)
    assert [len(row) for row in rows] == [1 + len(waveform) // 160 for waveform in waveforms]


@pytest.mark.parametrize("features", BOTH, ids=str)
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_clip_does_not_depend_on_its_neighbours(words, features, n_jobs):
    features = clone(features).set_params(duration=1.0, n_jobs=n_jobs)
    together = features.fit_transform(words.data)
    alone = [features.transform([path])[0] for path in words.data]
    # Equal, but for deltas that are 0: SciPy before 1.17 gives some 1e-31.
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-20)


def test_duration_is_learned_in_fit_alone(words):
    features = MelFeatures().fit(words.data[:30])
    assert features.transform(words.data[30:31]).shape == features.transform(words.data[:1]).shape


def test_bad_file_is_named(words, odd_audio):
    with pytest.raises(AudioError, match="bad_contains_nan"):
        MelFeatures(duration=1.0).fit([words.data[0]]).transform([odd_audio / "bad_contains_nan.wav"])


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (MelFeatures(n_fft=0), "n_fft"),
        (MelFeatures(win_length=500), "win_length must not be more than n_fft, got 500 and 400"),
        (MelFeatures(fmin=9000.0), "fmin < fmax"),
        (MelFeatures(fmax=9000.0), "fmax=9000"),
        (MelFeatures(window="square"), "window"),
        (MelFeatures(window=("kaiser", [4.0])), "window"),
        (MelFeatures(center=False, duration=0.01), "too short"),
        (MelFeatures(pad_mode="reflect", duration=0.01), "too short"),
        (MFCCFeatures(n_mfcc=50), "n_mfcc must not be more than n_mels"),
        (MFCCFeatures(delta_width=4), "odd"),
        (MFCCFeatures(deltas=1, duration=0.05), "delta_width"),
    ],
    ids=str,
)
def test_wrong_parameter(words, features, message):
    with pytest.raises(ValueError, match=message):
        features.fit(words.data)


def test_empty_mel_filters_are_warned_of(words):
    with pytest.warns(UserWarning, match="of 256 mel filters are empty"):
        MelFeatures(n_mels=256).fit(words.data)


def test_too_short_clip_of_a_ragged_list_is_named():
    features = MelFeatures(duration=None, center=False).fit([np.zeros(800)])
    with pytest.raises(AudioError, match="waveform 1 of X"):
        features.transform([np.zeros(800), np.zeros(100)])


def test_frame_statistics_of_array_and_ragged_list(features):
    table = FrameStatistics(statistics=("mean", "std", "min", "max", "median"))
    rows = table.fit_transform(features)
    expected = [features.mean(1), features.std(1), features.min(1), features.max(1), np.median(features, axis=1)]
    np.testing.assert_allclose(rows, np.concatenate(expected, axis=1), rtol=1e-5)
    ragged = [clip[: 20 + i] for i, clip in enumerate(features)]
    np.testing.assert_allclose(FrameStatistics().fit_transform(ragged)[3, :40], ragged[3].mean(0), rtol=1e-5)
    nested = [clip.tolist() for clip in ragged]
    np.testing.assert_array_equal(FrameStatistics().fit_transform(nested), FrameStatistics().fit_transform(ragged))


def test_names_and_pandas_output(words):
    pipeline = make_pipeline(MFCCFeatures(n_mfcc=2, deltas=1), FrameStatistics()).set_output(transform="pandas")
    table = pipeline.fit_transform(words.data)
    assert isinstance(table, pd.DataFrame)
    assert table.columns.tolist() == pipeline.get_feature_names_out().tolist()
    with_loader = make_pipeline(AudioLoader(), MFCCFeatures(n_mfcc=2, deltas=1), FrameStatistics()).fit(words.data)
    assert with_loader.get_feature_names_out().tolist() == pipeline.get_feature_names_out().tolist()
    names = pipeline.get_feature_names_out()[:4].tolist()
    assert names == ["mfcc0_mean", "mfcc1_mean", "delta_mfcc0_mean", "delta_mfcc1_mean"]


@pytest.mark.parametrize("transformer", [AudioLoader(duration=1.0), MelFeatures(), MFCCFeatures()])
def test_clips_stay_arrays_where_tables_are_asked_for(words, transformer):
    with config_context(transform_output="pandas"):
        X = transformer.fit_transform(words.data)
    assert isinstance(X, np.ndarray)
    np.testing.assert_array_equal(X, transformer.fit_transform(words.data))


@pytest.mark.parametrize(
    "X",
    [[], [np.zeros((3, 2)), np.zeros((3, 4))], np.zeros((2, 3, 4, 5)), np.full((2, 3, 4), np.nan)],
    ids=["empty", "widths", "4-D", "NaN"],
)
def test_frame_statistics_refuses(X):
    with pytest.raises(ValueError, match=r"sample|n_features|shape|dim|NaN"):
        FrameStatistics().fit(X)


@pytest.mark.parametrize("statistics", [(), ("mean", "mode")])
def test_frame_statistics_refuses_statistics(features, statistics):
    with pytest.raises(ValueError, match="statistics must be some of"):
        FrameStatistics(statistics=statistics).fit(features)


@pytest.mark.parametrize("features", BOTH, ids=str)
@pytest.mark.parametrize(("normalization", "axis"), [("clip", (1, 2)), ("feature", 1)])
def test_normalization_takes_out_each_clips_mean(words, features, normalization, axis):
    plain = clone(features).fit_transform(words.data)
    normalized = clone(features).set_params(normalization=normalization).fit_transform(words.data)
    np.testing.assert_allclose(normalized, plain - plain.mean(axis, keepdims=True), atol=1e-3)
