"""AudioStream: block by block the samples of read_waveform."""

import gc
import io
import sys
import tracemalloc
import types

import numpy as np
import pytest
import soundfile

from sklspeech import AudioError
from sklspeech.audio import AudioStream, read_waveform


def sound(n_samples, rate, n_channels=1):
    times = np.arange(n_samples) / rate
    channels = [0.4 * np.sin(2 * np.pi * (300 + 100 * i) * times) for i in range(n_channels)]
    return np.stack(channels, axis=1).astype(np.float32)


@pytest.mark.parametrize("duration", [0.01, 0.3, 100.0])
@pytest.mark.parametrize(
    ("name", "rate", "n_channels"),
    [
        ("a.wav", 16_000, 1),
        ("a.wav", 44_100, 2),
        ("a.flac", 8_000, 1),
        ("a.ogg", 48_000, 2),
        ("a.mp3", 22_050, 1),
        ("a.aiff", 11_025, 1),
    ],
)
def test_blocks_are_the_whole(tmp_path, name, rate, n_channels, duration):
    path = tmp_path / name
    soundfile.write(path, sound(30_001, rate, n_channels), rate)
    blocks = list(AudioStream(path, block_duration=duration))
    assert {block.dtype for block in blocks} == {np.dtype(np.float32)}
    if duration < 1:
        assert max(map(len, blocks)) <= 16_000 * duration * 3 + 2000  # the filter of a resampler holds some back
        assert len(blocks) > 2
    np.testing.assert_array_equal(np.concatenate(blocks), read_waveform(path))


def test_a_part_of_a_file(tmp_path):
    soundfile.write(tmp_path / "a.wav", sound(48_000, 16_000), 16_000)
    name = f"{tmp_path / 'a.wav'}#t=0.5,1.25"
    np.testing.assert_array_equal(np.concatenate(list(AudioStream(name))), read_waveform(name))


def test_a_long_file_takes_little_memory(tmp_path):
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 16_000, 1) as file:
        for _ in range(300):
            file.write(sound(16_000, 16_000))
    tracemalloc.start()
    n_samples = sum(len(block) for block in AudioStream(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n_samples == 300 * 16_000
    assert peak < 2e6


class Pipe(io.RawIOBase):
    """Gives a few bytes at a time, also halves of samples."""

    def __init__(self, content):
        self._content = io.BytesIO(content)

    def read1(self, n_bytes):
        return self._content.read(min(n_bytes, 101))


@pytest.mark.parametrize(("rate", "n_channels"), [(16_000, 1), (48_000, 2)])
@pytest.mark.parametrize("source", [io.BytesIO, Pipe])
def test_raw_samples(tmp_path, source, rate, n_channels):
    samples = (sound(20_000, rate, n_channels) * 32767).astype("<i2")
    soundfile.write(tmp_path / "a.wav", samples, rate, "PCM_16")
    stream = AudioStream.of_pcm(source(samples.tobytes()), rate, n_channels)
    np.testing.assert_allclose(np.concatenate(list(stream)), read_waveform(tmp_path / "a.wav"), atol=1e-6)


def test_half_a_sample_at_the_end_of_a_pipe_is_left_out():
    assert [len(block) for block in AudioStream.of_pcm(io.BytesIO(b"\0\1" * 10 + b"\0"))] == [10]


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda path: AudioStream("missing.wav"), AudioError, "missing.wav: does not exist"),
        (lambda path: AudioStream(path / "cut.wav"), AudioError, "truncated"),
        (lambda path: AudioStream(path / "nan.wav"), AudioError, "NaN or infinite"),
        (lambda path: AudioStream(path / "text.wav"), AudioError, "is not audio"),
        (lambda path: AudioStream("a.wav", sample_rate=10), AudioError, "10 Hz was asked for"),
        (lambda path: AudioStream("a.wav", block_duration=0.0), ValueError, "block_duration must be above 0"),
        (lambda path: AudioStream.of_pcm(io.BytesIO(), 16_000, 0), ValueError, "n_channels must be from 1"),
        (lambda path: AudioStream.of_pcm(io.BytesIO(), 10), AudioError, "10 Hz was asked for"),
    ],
)
def test_errors(tmp_path, use, error, message):
    soundfile.write(tmp_path / "whole.wav", sound(20_000, 16_000), 16_000)
    (tmp_path / "cut.wav").write_bytes((tmp_path / "whole.wav").read_bytes()[:20_000])
    soundfile.write(tmp_path / "nan.wav", np.array([0.1, np.nan]), 16_000, "FLOAT")
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(error, match=message):
        list(use(tmp_path))


def test_a_microphone(monkeypatch):
    class InputStream:
        def __init__(self, rate, n_samples, device, n_channels, dtype, callback):
            self.callback = callback

        def __enter__(self):
            for i in range(3):
                self.callback(np.full((1600, 1), i / 10, np.float32), 1600, None, None)

        def __exit__(self, *error):
            closed.append(True)

    closed = []
    module = types.SimpleNamespace(InputStream=InputStream, PortAudioError=RuntimeError, __spec__=object())
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    found = []
    for block in AudioStream.of_microphone():
        found.append(float(block[0]))
        if len(found) == 3:
            break
    assert found == pytest.approx([0.0, 0.1, 0.2])
    gc.collect()
    assert closed == [True]


def test_channels_that_cancel_each_other_for_a_second_are_taken_and_all_along_are_not(tmp_path):
    samples = np.random.default_rng(0).normal(0, 0.1, (80_000, 1)) * [[1.0, 1.0]]
    samples[:16_000, 1] *= -1
    soundfile.write(tmp_path / "partly.wav", samples, 16_000)
    path = tmp_path / "partly.wav"
    np.testing.assert_array_equal(np.concatenate(list(AudioStream(path))), read_waveform(path))
    soundfile.write(tmp_path / "all.wav", samples[:16_000], 16_000)
    with pytest.raises(AudioError, match="2 channels that cancel each other"):
        list(AudioStream(tmp_path / "all.wav", block_duration=0.1))


def test_without_sounddevice(monkeypatch):
    monkeypatch.setattr("sklspeech._runtime.requirements._is_installed", lambda name: False)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'sklspeech\[microphone\]'"):
        AudioStream.of_microphone()
