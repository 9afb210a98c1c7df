"""Levels that no recording has are refused, in whatever a clip comes in."""

import warnings

import numpy as np
import pytest
import soundfile

from sklspeech import AudioError, AudioLoader, AudioWarning, MelFeatures
from sklspeech.audio.levels import ChannelMixer

PCM = np.random.default_rng(0).normal(0, 3000, 16000)
CONTAINERS = {
    "array": lambda x, folder: x[None].astype(np.float32),
    "float64": lambda x, folder: x[None],
    "list": lambda x, folder: [x.astype(np.float32)],
    "WAV": lambda x, folder: _file(x, folder, "wav", "FLOAT"),
    "WAV, double": lambda x, folder: _file(x, folder, "wav", "DOUBLE"),
    "AIFF": lambda x, folder: _file(x, folder, "aiff", "FLOAT"),
    "AU": lambda x, folder: _file(x, folder, "au", "FLOAT"),
    "W64": lambda x, folder: _file(x, folder, "w64", "FLOAT"),
}


def _file(samples, folder, ending, subtype):
    soundfile.write(folder / f"clip.{ending}", samples, 16000, subtype=subtype)
    return [folder / f"clip.{ending}"]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize(
    ("samples", "fault"),
    [
        (PCM, "expected -1 to 1: divide"),
        (PCM * 1e30, "expected -1 to 1"),
        (np.where(np.arange(16000) == 999, np.nan, 0.1), "NaN or infinite"),
        (np.where(np.arange(16000) == 999, -np.inf, 0.1), "NaN or infinite"),
    ],
    ids=["PCM", "huge", "NaN", "infinite"],
)
def test_samples_that_are_none(tmp_path, container, samples, fault):
    X = CONTAINERS[container](samples, tmp_path)
    with pytest.raises(AudioError, match=fault):
        MelFeatures(duration=1.0).fit_transform(X)


def test_samples_beyond_float32():
    with pytest.raises(AudioError, match="expected -1 to 1"):
        MelFeatures(duration=1.0).fit_transform([np.full(16000, 1e300)])


@pytest.mark.parametrize("largest", [1.0, 1.5, 7.9])
def test_samples_a_little_beyond_are_taken(largest):
    assert np.isfinite(MelFeatures(duration=1.0).fit_transform([PCM / np.abs(PCM).max() * largest])).all()


@pytest.mark.parametrize("ending", ["wav", "flac", "aiff"])
@pytest.mark.parametrize("difference", [0.0, 0.02])
def test_channels_that_cancel_each_other(tmp_path, ending, difference):
    clip = PCM / 32768
    channels = np.stack([clip, -clip * (1 - difference)], axis=1)
    soundfile.write(tmp_path / f"clip.{ending}", channels, 16000)
    with pytest.raises(AudioError, match="2 channels that cancel each other"):
        AudioLoader().fit_transform([tmp_path / f"clip.{ending}"])


@pytest.mark.parametrize("other", [PCM[::-1], 0 * PCM, PCM, 0.5 * PCM], ids=["another", "silence", "same", "fainter"])
def test_channels_that_do_not(tmp_path, other):
    soundfile.write(tmp_path / "clip.wav", np.stack([PCM, other], axis=1) / 32768, 16000)
    assert AudioLoader().fit_transform([tmp_path / "clip.wav"])[0].any()


CLIP = (PCM / 32768).astype(np.float32)
REMARKS = {  # samples, rate, and what is said of them
    "good": (CLIP, 16000, None),
    "60 dB down": (CLIP * np.float32(1e-3), 16000, "faint"),
    "80 dB down": (CLIP * np.float32(1e-4), 16000, "faint"),
    "silence": (CLIP * 0, 16000, "silent"),
    "offset": (CLIP + np.float32(0.3), 16000, "DC offset"),
    "negative offset": (CLIP - np.float32(0.1), 16000, "DC offset"),
    "small offset": (CLIP + np.float32(0.01), 16000, None),
    "8 kHz": (CLIP, 8000, "lower sample rate"),
    "11 kHz": (CLIP, 11025, "lower sample rate"),
    "44.1 kHz": (np.tile(CLIP, 3), 44100, None),
    "long": (np.tile(CLIP, 3), 16000, "more than twice as long"),
}


@pytest.mark.parametrize("name", REMARKS)
@pytest.mark.parametrize("ending", ["wav", "flac", "array"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_remarks(tmp_path, name, ending, n_jobs):
    samples, rate, remark = REMARKS[name]
    if ending == "array" and rate != 16000:
        pytest.skip("an array has no rate of its own")
    X = [samples, CLIP]
    if ending != "array":
        X = [str(tmp_path / f"{i}.{ending}") for i in range(2)]
        subtype = "PCM_24" if ending == "flac" else "PCM_16"
        soundfile.write(X[0], samples, rate, subtype=subtype)
        soundfile.write(X[1], CLIP, 16000)
    for _ in range(3):  # of a row that is kept nothing would be said
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            MelFeatures(duration=1.0, n_jobs=n_jobs).fit_transform(X)
        said = [str(warning.message) for warning in caught if warning.category is AudioWarning]
        assert len(said) == (remark is not None)
        if remark:
            assert remark in said[0]
            assert said[0].startswith("1 of 2 clips")
            assert ("waveform 0 of X" if ending == "array" else X[0]) in said[0]


@pytest.mark.parametrize("kwargs", [{"fmax": 4000.0}, {"sample_rate": 8000}])
def test_no_remark_where_the_highest_bands_are_heard(tmp_path, recwarn, kwargs):
    soundfile.write(tmp_path / "clip.flac", CLIP, 8000)
    MelFeatures(duration=1.0, **kwargs).fit_transform([tmp_path / "clip.flac"])
    assert not [warning for warning in recwarn if warning.category is AudioWarning]


@pytest.mark.parametrize(("n_long", "is_said"), [(0, False), (1, False), (2, True), (9, True)])
@pytest.mark.parametrize("as_files", [False, True])
def test_auto_counts_what_it_cuts(tmp_path, recwarn, n_long, is_said, as_files):
    X = [CLIP] * (100 - n_long) + [np.tile(CLIP, 2)[:28800]] * n_long
    if as_files:
        for i, clip in enumerate(X):
            soundfile.write(tmp_path / f"{i}.wav", clip, 16000)
        X = [tmp_path / f"{i}.wav" for i in range(len(X))]
    features = AudioLoader(duration="auto").fit(X)
    assert features.duration_ == 1.0
    said = [str(warning.message) for warning in recwarn if warning.category is AudioWarning]
    assert said == (
        [
            f"duration='auto' is 1 s: {n_long} of 100 clips are longer and lose their end, the longest has 1.8 s. Give "
            "a duration in seconds to keep more of them."
        ]
        if is_said
        else []
    )


@pytest.mark.parametrize("n_at_once", [100, 16_000])
@pytest.mark.parametrize(
    ("offsets", "level"),
    [((0.5, -0.5), 0.03), ((0.3, 0.3), 0.0), ((0.3, 0.1), 0.0), ((0.0, 0.0), 0.0)],
    ids=["channels off zero on both sides", "constant", "constant each", "silent"],
)
def test_what_does_not_cancel_is_mixed(offsets, level, n_at_once):
    speech = np.random.default_rng(0).normal(0, level, 16_000)
    samples = (speech[:, None] + offsets).astype(np.float32)
    mixer = ChannelMixer()
    blocks = [mixer.mix(samples[i : i + n_at_once]) for i in range(0, len(samples), n_at_once)]
    mixer.check("a")
    np.testing.assert_array_equal(np.concatenate(blocks), samples.mean(axis=1, dtype=np.float32))
