"""Every function against librosa, or against what a tone must give."""

import librosa
import numpy as np
import pytest
import scipy.signal
import soundfile

from sklspeech import MelFeatures, spectral
from sklspeech.spectral import MelSettings, filters, precision

DB_TOLERANCE = 1e-3
DEFAULTS = {"preemphasis": 0.97, "top_db": 70.0}  # of MelFeatures, where librosa's differ

CALLS = [
    {},
    {"n_mels": 128},
    {"n_fft": 512, "hop_length": 128, "n_mels": 64},
    {"n_fft": 2048, "hop_length": 512, "n_mels": 128},
    {"n_fft": 401, "hop_length": 100},
    {"n_fft": 256, "hop_length": 300},
    {"n_fft": 512, "win_length": 400},
    {"window": "hamming"},
    {"window": ("kaiser", 4.0)},
    {"center": False},
    {"pad_mode": "reflect"},
    {"pad_mode": "edge"},
    {"power": 1.0},
    {"fmin": 60.0, "fmax": 7600.0},
    {"htk": True},
    {"norm": None},
    {"htk": True, "norm": None, "n_mels": 23},
]


def librosa_db(y, *, sample_rate=16000, preemphasis=0.0, top_db=80.0, ref=1.0, **params):
    if preemphasis:
        y = librosa.effects.preemphasis(y, coef=preemphasis)
    params = {"n_fft": 400, "hop_length": 160, "n_mels": 40, **params}
    mel = librosa.feature.melspectrogram(y=y, sr=sample_rate, **params)
    return librosa.power_to_db(mel, top_db=top_db, ref=ref).T


@pytest.mark.parametrize("params", CALLS, ids=str)
def test_mel_equals_librosa(noise, params):
    ours = spectral.power_to_db(spectral.mel_spectrogram(noise, MelSettings(**params)))
    np.testing.assert_allclose(ours, librosa_db(noise, **params), atol=DB_TOLERANCE)


@pytest.mark.parametrize("params", CALLS, ids=str)
@pytest.mark.parametrize("type_", ["<i2", ">i2"])
def test_16_bit_samples_are_their_waveform(noise, params, type_):
    samples = np.round(noise * 20000).astype(type_)
    waveform = samples.astype(np.float32) / 32768
    together = [spectral.mel_spectrogram(x, MelSettings(**params)) for x in (samples, waveform)]
    np.testing.assert_array_equal(*together)


@pytest.mark.parametrize("type_", [np.int32, np.uint8, bool])
def test_other_samples_are_refused(type_):
    with pytest.raises(TypeError, match="must be float32 or int16, got"):
        spectral.mel_spectrogram(np.zeros(16000, type_))


@pytest.mark.parametrize("n_mels", [40, 128])
def test_mel_of_real_speech_equals_librosa(fsdd, n_mels):
    for path in fsdd.data[::100]:
        y, _ = librosa.load(path, sr=16000)
        ours = spectral.power_to_db(spectral.mel_spectrogram(y, MelSettings(n_mels=n_mels)))
        np.testing.assert_allclose(ours, librosa_db(y, n_mels=n_mels), atol=DB_TOLERANCE)


def test_long_clip_is_the_same_block_by_block(noise):
    y = np.tile(noise, 5)
    np.testing.assert_allclose(spectral.power_to_db(spectral.mel_spectrogram(y)), librosa_db(y), atol=DB_TOLERANCE)


@pytest.mark.parametrize("n_samples", [16000, 320000], ids=["some in a block", "one in parts"])
def test_frames_that_are_done_again_are_the_same_alone(noise, n_samples):
    time = np.arange(n_samples) / 16000
    hum = 0.5 * np.sin(2 * np.pi * 50 * time) * np.sin(2 * np.pi * 0.3 * time) ** 2  # beyond float32 where it is loud
    clips = [(hum + gain * np.resize(noise, n_samples)).astype(np.float32) for gain in np.geomspace(1e-4, 1e-2, 12)]
    params = {"hop_length": 37, "n_fft": 401, "fmin": 4000.0}
    features = MelFeatures(duration=None, **params)
    rows = features.fit_transform(clips)
    for clip, row in list(zip(clips, rows, strict=True))[::4]:
        np.testing.assert_array_equal(row, features.transform([clip])[0])
        np.testing.assert_allclose(row, librosa_db(clip, **DEFAULTS, **params), atol=DB_TOLERANCE)


@pytest.mark.parametrize(
    "params",
    [{}, {"center": False}, {"pad_mode": "reflect"}, {"hop_length": 500}, {"power": 1.0}, {"ref": np.max}],
    ids=["defaults", "not centred", "mirrored", "long hops", "magnitude", "loudest"],
)
def test_clips_together_are_the_same_as_alone(noise, params):
    clips = [noise[:n] * gain for n, gain in ((16000, 1.0), (700, 1e-4), (401, 0.3), (9999, 0.0))]
    features = MelFeatures(duration=None, **params)
    for clip, row in zip(clips, features.fit_transform(clips), strict=True):
        np.testing.assert_array_equal(row, features.transform([clip])[0])
        np.testing.assert_allclose(row, librosa_db(clip, **DEFAULTS, **params), atol=DB_TOLERANCE)


@pytest.mark.parametrize(
    "params", [{}, {"n_mels": 128}, {"n_fft": 2048, "n_mels": 128}, {"norm": None}, {"window": "boxcar"}], ids=str
)
@pytest.mark.parametrize("preemphasis", [0.0, 0.5, 0.97, 1.0])
@pytest.mark.parametrize("top_db", [20.0, 50.0, 60.0, 70.0, 75.0, 76.0])
def test_features_of_real_speech_are_exact_in_either_precision(fsdd, params, top_db, preemphasis):
    params = {**params, "top_db": top_db, "preemphasis": preemphasis}
    for path in fsdd.data[::300]:
        y, _ = librosa.load(path, sr=16000)
        ours = MelFeatures(duration=None, **params).fit_transform([y])[0]
        np.testing.assert_allclose(ours, librosa_db(y, **params), atol=DB_TOLERANCE)


@pytest.mark.parametrize("pad_mode", ["constant", "edge", "reflect"])
@pytest.mark.parametrize("type_", ["<i2", ">i2"])
def test_emphasized_16_bit_samples_are_their_waveform(noise, pad_mode, type_):
    samples = np.round(noise * 20000).astype(type_)
    waveform = samples.astype(np.float32) / 32768
    features = MelFeatures(duration=None, pad_mode=pad_mode)
    ours, exact = (features._features([x])[0] for x in (samples, waveform))
    np.testing.assert_array_equal(ours, exact)
    np.testing.assert_allclose(ours, librosa_db(waveform, **DEFAULTS, pad_mode=pad_mode), atol=DB_TOLERANCE)


def test_a_single_sample_is_not_emphasized():
    rows = [MelFeatures(duration=None, preemphasis=p).fit_transform([np.ones(1, np.float32)])[0] for p in (0.0, 0.97)]
    np.testing.assert_array_equal(*rows)


@pytest.mark.parametrize("power", [1.0, 2.0])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"n_mels": 128},
        {"n_fft": 401},
        {"n_fft": 2048, "n_mels": 1},
        {"sample_rate": 8000, "n_fft": 16, "n_mels": 23},
        {"n_fft": 512, "fmin": 7000.0},
        {"sample_rate": 8000, "n_fft": 3, "n_mels": 2},
    ],
    ids=str,
)
def test_blocks_are_the_whole_bank(params, power):
    settings = MelSettings(**params, power=power)
    bank = settings.filter_bank()
    frequencies = np.arange(1, 1 + settings.n_fft) // 2 if power == 2 else np.arange(bank.shape[1])
    whole = np.zeros((len(bank), len(frequencies)), np.float32)
    for mels, columns, weights in filters.mel_bank_blocks(settings):
        whole[mels, columns] += weights.T
    np.testing.assert_array_equal(whole, bank[:, frequencies])


def test_noise_evens_out_in_wide_bands():
    """Noise of one power errs bands alike that have the power of `_band_noise_weights`, however wide they are."""
    settings = MelSettings()
    noise = np.random.default_rng(0).normal(size=(2, 4000, 201)) * 1e-3
    bands = ((1 + noise[0]) ** 2 + noise[1] ** 2) @ settings.filter_bank().T
    errors = bands.std(axis=0) / bands.mean(axis=0)
    weights = precision._band_noise_weights(settings)
    np.testing.assert_allclose(errors * np.sqrt(bands.mean(axis=0) / weights), 2e-3, rtol=0.06)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_hum_outside_of_the_bands_does_not_spoil_them(noise, monkeypatch, trusted):
    if trusted:  # without the check, float32 is not exact here
        monkeypatch.setattr(precision, "FLOAT32_RANGE_DB", 200.0)
    hum = 0.5 * np.sin(2 * np.pi * 100 * np.arange(16000) / 16000)
    clips = [(hum + 1e-3 * noise).astype(np.float32), noise]
    rows = MelFeatures(duration=1.0, fmin=4000.0).fit_transform(clips)
    error = max(
        np.abs(row - librosa_db(clip, fmin=4000.0, **DEFAULTS)).max() for clip, row in zip(clips, rows, strict=True)
    )
    assert (error > DB_TOLERANCE) == trusted


@pytest.mark.parametrize("n_fft", [400, 2048])
@pytest.mark.parametrize("n_mels", [1, 4, 40])
def test_bands_far_below_a_tone(noise, n_fft, n_mels):
    """As far as float32 is trusted, and some farther."""
    seconds = np.arange(4000) / 16000
    tones = [np.sin(2 * np.pi * hz * seconds) for hz in (100, 1000, 2000, 4152, 7750)]
    clips = [(0.5 * tone + level * noise[:4000]) for tone in tones for level in (0, 1e-4, 3e-4, 1e-3)]
    clips = np.array(clips, np.float32)
    rows = MelFeatures(n_fft=n_fft, n_mels=n_mels).fit_transform(clips)
    expected = [librosa_db(clip, n_fft=n_fft, n_mels=n_mels, **DEFAULTS) for clip in clips]
    np.testing.assert_allclose(rows, expected, atol=DB_TOLERANCE)


@pytest.mark.parametrize("n_clips", [1, 2, 7])
def test_frames_done_again_do_not_depend_on_those_beside_them(noise, n_clips):
    seconds = np.arange(8000) / 16000
    hums = [0.5 * np.sin(2 * np.pi * hz * seconds) for hz in range(100, 100 + 10 * n_clips, 10)]
    clips = np.array([hum + 1e-3 * noise[:8000] for hum in hums], np.float32)
    features = MelFeatures(duration=0.5, fmin=4000.0).fit(clips)
    np.testing.assert_array_equal(features.transform(clips), [features.transform([clip])[0] for clip in clips])


@pytest.mark.parametrize("shape", [(0, 40), (7,), (2, 3, 4)], ids=str)
def test_decibels_of_any_shape(shape):
    power = np.full(shape, 0.01, np.float32)
    np.testing.assert_allclose(spectral.power_to_db(power, ref=np.max), np.zeros(shape), atol=DB_TOLERANCE)


@pytest.mark.parametrize(
    "params",
    [{"ref": np.max}, {"ref": 0.5}, {"top_db": None}, {"top_db": 20.0}, {"amin": 1e-5}],
    ids=["loudest", "half", "no floor", "near floor", "high floor"],
)
def test_power_to_db_equals_librosa(noise, params):
    mel = spectral.mel_spectrogram(noise)
    expected = librosa.power_to_db(mel, **params)
    np.testing.assert_allclose(spectral.power_to_db(mel, **params), expected, atol=DB_TOLERANCE)


def test_silence_is_the_floor():
    np.testing.assert_allclose(spectral.power_to_db(np.zeros((3, 4), np.float32)), -100, atol=DB_TOLERANCE)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"n_mfcc": 13},
        {"n_mfcc": 40},
        {"dct_type": 1, "norm": None},
        {"dct_type": 3},
        {"norm": None},
        {"lifter": 22},
    ],
    ids=str,
)
def test_mfcc_equals_librosa(noise, params):
    db = librosa_db(noise)
    expected = librosa.feature.mfcc(S=db.T, **{"n_mfcc": 20, **params}).T
    np.testing.assert_allclose(spectral.mfcc(db, **params), expected, atol=DB_TOLERANCE)


def test_textbook_call_on_real_speech(odd_audio):
    audio, _ = librosa.load(odd_audio / "good_same_speech_LJ001-0002.wav", sr=16000)
    mel = librosa.feature.melspectrogram(y=audio, sr=16000, n_fft=400, hop_length=160, n_mels=128)
    expected = librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=20).T
    ours = spectral.mfcc(spectral.power_to_db(spectral.mel_spectrogram(audio, MelSettings(n_mels=128))), n_mfcc=20)
    np.testing.assert_allclose(ours, expected, atol=DB_TOLERANCE)


@pytest.mark.parametrize(("width", "order"), [(9, 1), (9, 2), (5, 1)])
def test_delta_equals_librosa(noise, width, order):
    db = librosa_db(noise)
    expected = librosa.feature.delta(db.T, width=width, order=order).T
    np.testing.assert_allclose(spectral.delta(db, width=width, order=order), expected, atol=DB_TOLERANCE)


@pytest.mark.parametrize("htk", [False, True])
def test_mel_scale_equals_librosa_and_inverts(htk):
    hz = np.array([0.0, 60.0, 999.0, 1000.0, 1001.0, 4000.0, 8000.0])
    np.testing.assert_allclose(spectral.hz_to_mel(hz, htk), librosa.hz_to_mel(hz, htk=htk))
    np.testing.assert_allclose(spectral.mel_to_hz(spectral.hz_to_mel(hz, htk), htk), hz, atol=1e-9)


@pytest.mark.parametrize("n_samples", [1, 159, 160, 399, 400, 16000, 16001])
@pytest.mark.parametrize("center", [False, True])
def test_frames_are_as_many_as_librosas(n_samples, center):
    settings = MelSettings(center=center)
    if not center and n_samples < 400:
        assert settings.count_frames(n_samples) == 0
        return
    y = np.zeros(n_samples, np.float32)
    n_frames = librosa.stft(y, n_fft=400, hop_length=160, center=center).shape[1]
    assert settings.count_frames(n_samples) == n_frames


def test_tone_peaks_in_its_band():
    tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000).astype(np.float32)
    edges = spectral.mel_to_hz(np.linspace(0, spectral.hz_to_mel(8000), 42))
    loudest = int(spectral.mel_spectrogram(tone)[50].argmax())
    assert edges[loudest] < 1000 < edges[loudest + 2]


def test_waveform_with_steps_in_memory(odd_audio):
    y, _ = soundfile.read(odd_audio / "good_two_channels.wav", dtype="float32", frames=8000)
    column = y[:, 0]
    assert not column.flags.c_contiguous
    np.testing.assert_array_equal(
        *(spectral.mel_spectrogram(y, MelSettings(center=False)) for y in (column, column.copy()))
    )


@pytest.mark.parametrize("n", [1, 2, 3, 16, 400, 401])
def test_hann_equals_scipy(n):
    np.testing.assert_array_equal(spectral.window_taps("hann", n, n), scipy.signal.get_window("hann", n))
