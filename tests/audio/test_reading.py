"""Reading and loading: librosa.load is the reference, and every bad file is named."""

import os
import pickle
import shutil

import librosa
import numpy as np
import pytest
import soundfile

from sklspeech import AudioError, AudioLoader, MelFeatures
from sklspeech.audio import read_duration, read_waveform

GOOD = [
    "good_float_dracarys.wav",
    "good_float_hadouken.wav",
    "good_float_trick_or_treat.wav",
    "good_long_noise.wav",
    *(
        f"good_same_speech_LJ001-{number}.{extension}"
        for number in ("0002", "0008", "0014")
        for extension in ("flac", "mp3", "wav")
    ),
    "good_two_channels.wav",
]
BAD = {
    "bad_awful.wav": "sample rate of 1092676 Hz",
    "bad_bad.wav": "not audio",
    "bad_contains_nan.wav": "NaN",
    "bad_empty.wav": "is empty",
    "bad_evil.wav": "not audio",
    "bad_null.wav": "no samples",
    "bad_text_named.wav": "not audio",
    "bad_truncated.flac": "damaged or truncated",
    "bad_undecodable_126.flac": "damaged or truncated",
    "bad_undecodable_127.flac": "damaged or truncated",
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("sample_rate", [16000, 8000])
def test_good_file_equals_librosa(odd_audio, name, sample_rate):
    expected, _ = librosa.load(odd_audio / name, sr=sample_rate)
    ours = read_waveform(odd_audio / name, sample_rate)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_named_with_its_fault(odd_audio, name):
    with pytest.raises(AudioError, match=BAD[name]) as error:
        AudioLoader().fit_transform([str(odd_audio / name)])
    assert name in str(error.value)


def test_every_file_is_in_a_table(odd_audio):
    assert {path.name for path in odd_audio.iterdir()} == {*GOOD, *BAD}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_one_bad_file_among_good_ones(odd_audio, words, n_jobs):
    with pytest.raises(AudioError, match="bad_truncated"):
        AudioLoader(n_jobs=n_jobs).fit_transform([*words.data[:49], odd_audio / "bad_truncated.flac"])


@pytest.mark.parametrize(
    ("extension", "subtype"),
    [
        ("wav", "PCM_16"),
        ("wav", "PCM_U8"),
        ("wav", "PCM_24"),
        ("wav", "PCM_32"),
        ("wav", "FLOAT"),
        ("wav", "DOUBLE"),
        ("wav", "ULAW"),
        ("flac", "PCM_16"),
        ("ogg", "VORBIS"),
        ("mp3", "MPEG_LAYER_III"),
    ],
)
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_formats(tmp_path, noise, extension, subtype, rate):
    path = tmp_path / f"clip.{extension}"
    soundfile.write(path, np.stack([noise, noise], axis=1), rate, subtype=subtype)
    ours = read_waveform(path, 16000)
    np.testing.assert_allclose(ours, librosa.load(path, sr=16000)[0], atol=1e-6)


def test_other_format_under_the_name_of_a_wav_file(tmp_path, noise):
    soundfile.write(tmp_path / "clip.flac", noise, 16000)
    shutil.copy(tmp_path / "clip.flac", tmp_path / "clip.wav")
    np.testing.assert_array_equal(read_waveform(tmp_path / "clip.wav"), read_waveform(tmp_path / "clip.flac"))


@pytest.mark.parametrize(
    ("extension", "format", "subtype"),
    [
        ("wav", "WAV", "PCM_16"),
        ("wav", "WAVEX", "PCM_24"),
        ("flac", "FLAC", "PCM_16"),
        ("ogg", "OGG", "VORBIS"),
        ("ogg", "OGG", "OPUS"),
        ("mp3", "MP3", "MPEG_LAYER_III"),
    ],
)
@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_truncated_file_is_refused(tmp_path, noise, extension, format, subtype, kept):
    whole, cut = tmp_path / f"whole.{extension}", tmp_path / f"cut.{extension}"
    soundfile.write(whole, np.tile(noise, 3), 16000, format=format, subtype=subtype)
    assert len(read_waveform(whole)) == 48000
    data = whole.read_bytes()
    cut.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(AudioError, match=r"cut\.\w+: .*truncated"):
        read_waveform(cut)


def test_flac_of_unknown_length_is_read(tmp_path, noise):
    """Encoders that write to a pipe leave 0 for the number of samples, the last 36 bits before the checksum."""
    path = tmp_path / "piped.flac"
    soundfile.write(path, noise, 16000)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    path.write_bytes(data)
    assert len(read_waveform(path)) == 16000
    assert read_duration(path) == 1.0


@pytest.mark.parametrize("n_frames", [2**36 - 1, 10**9, 20_000])
def test_flac_that_claims_more_than_it_has(tmp_path, noise, n_frames):
    path = tmp_path / "liar.flac"
    soundfile.write(path, noise, 16000)
    data = bytearray(path.read_bytes())
    data[21:26] = (int.from_bytes(data[21:26], "big") >> 36 << 36 | n_frames).to_bytes(5, "big")
    path.write_bytes(data)
    with pytest.raises(AudioError, match="truncated"):
        read_waveform(path)
    if n_frames > 10**6:
        with pytest.raises(AudioError, match="truncated"):
            MelFeatures(duration="auto").fit([path])
    # The first half of a second is there.
    assert np.isfinite(MelFeatures(duration=0.5).fit_transform([path])).all()


def test_wav_of_unknown_length_is_read(tmp_path, noise):
    """Programs that write to a pipe leave 0xFFFFFFFF in the header."""
    path = tmp_path / "piped.wav"
    soundfile.write(path, noise, 16000)
    data = bytearray(path.read_bytes())
    data[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert len(read_waveform(path)) == len(noise)


@pytest.mark.parametrize(
    ("make", "fault"),
    [(lambda p: None, "does not exist"), (lambda p: p.mkdir(), "is a folder"), (lambda p: p.touch(), "is empty")],
)
def test_unusable_path(tmp_path, make, fault):
    make(tmp_path / "clip.wav")
    with pytest.raises(AudioError, match=fault):
        read_waveform(tmp_path / "clip.wav")


def test_infinite_samples_are_refused(tmp_path):
    soundfile.write(tmp_path / "inf.wav", np.array([0.0, np.inf]), 16000, subtype="FLOAT")
    with pytest.raises(AudioError, match="infinite"):
        read_waveform(tmp_path / "inf.wav")


def test_error_survives_a_process_boundary():
    error = pickle.loads(pickle.dumps(AudioError("a.wav", "is empty")))
    assert (error.source, error.fault, str(error)) == ("a.wav", "is empty", "a.wav: is empty")


def test_duration_is_read_from_the_header(words):
    assert read_duration(words.data[0]) == pytest.approx(len(read_waveform(words.data[0])) / 16000)


def test_name_with_unusual_characters(tmp_path, words):
    path = tmp_path / "où est-ce ? 音声.wav"
    shutil.copy(words.data[0], path)
    np.testing.assert_array_equal(read_waveform(path), read_waveform(words.data[0]))


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_name_that_is_not_utf_8(tmp_path, noise):
    soundfile.write(tmp_path / "clip.flac", noise, 16000)
    path = shutil.move(tmp_path / "clip.flac", tmp_path / os.fsdecode(b"na\xefve.flac"))
    assert len(read_waveform(path)) == 16000


def test_format_without_seeking(tmp_path, noise):
    soundfile.write(tmp_path / "gsm.wav", noise, 8000, subtype="GSM610")
    samples = read_waveform(tmp_path / "gsm.wav", 8000)
    assert 0 <= len(samples) - 16000 < 320  # whole blocks
    assert np.corrcoef(samples[:16000], noise)[0, 1] > 0.3
