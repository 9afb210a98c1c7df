"""What is no recording is refused at once; a part of a recording is read alone."""

import itertools
import os
import socket
import time

import librosa
import numpy as np
import pytest
import soundfile

from sklspeech import AudioError, AudioLoader, MelFeatures
from sklspeech.audio import read_duration, read_waveform
from sklspeech.audio.source import segment_name

posix = pytest.mark.skipif(os.name != "posix", reason="pipes, sockets and devices are files on POSIX alone")
READERS = {
    "whole": read_waveform,
    "duration": read_duration,
    "row": lambda path: MelFeatures(duration=0.5).fit_transform([path]),
    "auto": lambda path: MelFeatures(duration="auto").fit([path]),
}


def pipe(path):
    os.mkfifo(path)


def listening(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


NOT_REGULAR = {
    "pipe": (pipe, "is a pipe"),
    "socket": (listening, "is a socket"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is a device"),
    "terminal": (lambda path: path.symlink_to("/dev/null"), "is a device"),
    "of the kernel": (lambda path: path.symlink_to("/proc/self/status"), "is empty"),
    "folder": (lambda path: path.mkdir(), "is a folder"),
}


@posix
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", NOT_REGULAR)
@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_what_is_no_regular_file(tmp_path, monkeypatch, name, reader, ending):
    monkeypatch.chdir(tmp_path)  # a socket's name is short
    make, fault = NOT_REGULAR[name]
    path = tmp_path.joinpath(f"clip.{ending}").relative_to(tmp_path)
    make(path)
    start = time.perf_counter()
    with pytest.raises(AudioError, match=fault):
        READERS[reader](str(path))
    assert time.perf_counter() - start < 5  # it would hang


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("https://example.org/clip.wav", "is a URL"),
        ("S3://bucket/clip.flac", "is a URL"),
        ("a\0b.wav", "no path"),
        ("", "no path"),
        ("nowhere.wav", "does not exist"),
        ("nowhere.wav#t=1,2", "does not exist"),
        ("nowhere.wav#t=2,1", "empty segment"),
    ],
)
def test_paths_of_no_file(path, fault):
    with pytest.raises(AudioError, match=fault):
        AudioLoader().fit_transform([path])


def test_home_is_not_what_the_shell_makes_of_it(tmp_path, monkeypatch, noise):
    monkeypatch.setenv("HOME", str(tmp_path))
    soundfile.write(tmp_path / "clip.wav", noise, 16000)
    with pytest.raises(AudioError, match=r"write .*clip\.wav"):
        read_waveform("~/clip.wav")


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3", "aiff"])
@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize(("start", "end"), [(0.0, 0.3), (0.25, 0.75), (0.5, 1.0)])
def test_a_segment_is_what_librosa_reads(tmp_path, noise, ending, rate, start, end):
    path = tmp_path / f"long.{ending}"
    soundfile.write(path, np.tile(noise, 3), rate)
    expected, _ = librosa.load(path, sr=16000, offset=start, duration=end - start)
    name = segment_name(path, start, end)
    tolerance = 1e-4 if ending == "mp3" else 1e-6
    np.testing.assert_allclose(read_waveform(name), expected, atol=tolerance)
    row = AudioLoader(duration=0.2).fit_transform([name])[0]
    shortened = min(len(expected), 3200)
    np.testing.assert_allclose(row[:shortened], expected[:shortened], atol=tolerance)


def test_a_file_of_that_very_name_is_no_segment(tmp_path, noise):
    path = tmp_path / "clip.wav#t=0,0.1"
    soundfile.write(path, noise, 16000, format="WAV")
    assert len(read_waveform(path)) == 16000


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3"])
def test_a_segment_that_ends_behind_the_recording(tmp_path, noise, ending):
    """As where its times are in milliseconds."""
    soundfile.write(tmp_path / f"clip.{ending}", noise, 16000)
    with pytest.raises(AudioError, match="ends at 1 s, before the end of the segment: times are in seconds"):
        read_waveform(f"{tmp_path}/clip.{ending}#t=0,1500")
    assert read_duration(f"{tmp_path}/clip.{ending}#t=0.5,1500") == 0.5


def test_segments_that_touch_lose_no_sample(tmp_path, noise):
    soundfile.write(tmp_path / "clip.wav", noise, 16000)
    times = np.linspace(0, 1, 11)
    parts = [read_waveform(segment_name(tmp_path / "clip.wav", *pair)) for pair in itertools.pairwise(times)]
    np.testing.assert_array_equal(np.concatenate(parts), read_waveform(tmp_path / "clip.wav"))


def test_a_segment_beyond_the_end(tmp_path, noise):
    soundfile.write(tmp_path / "clip.wav", noise, 16000)
    with pytest.raises(AudioError, match="no samples from 2 s on, it ends at 1 s"):
        read_waveform(f"{tmp_path}/clip.wav#t=2,3")


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("wav", {"subtype": "PCM_16"}),
        ("wav", {"subtype": "FLOAT"}),
        ("flac", {}),
        ("ogg", {}),
        ("ogg", {"subtype": "OPUS"}),
        ("mp3", {}),
    ],
)
@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_beginning_is_that_of_the_whole(tmp_path, ending, options, rate, channels):
    samples = np.random.default_rng(0).normal(0, 0.1, (4 * rate, channels))
    path = tmp_path / f"long.{ending}"
    soundfile.write(path, samples, rate, **options)
    row = AudioLoader(duration=1.0).fit_transform([path])[0]
    np.testing.assert_allclose(row, read_waveform(path)[:16000], atol=1e-6)


@posix
@pytest.mark.parametrize("duration", ["auto", 1.0])
def test_a_clip_of_a_second_reads_a_second(tmp_path, monkeypatch, duration):
    """Of a sparse file of a gigabyte."""
    path = tmp_path / "long.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 20_000), 16000)
    content = bytearray(path.read_bytes())
    content[40:44] = (2**30).to_bytes(4, "little")
    path.write_bytes(content)
    os.truncate(path, 44 + 2**30)
    n_read = []
    for name in ("read", "pread"):
        real = getattr(os, name)

        def counted(*arguments, real=real):
            content = real(*arguments)
            n_read.append(len(content))
            return content

        monkeypatch.setattr(os, name, counted)
    short = tmp_path / "short.wav"
    soundfile.write(short, np.full(16000, 0.1), 16000)
    with pytest.warns(match="lose their end"):
        row = AudioLoader(duration=duration).fit_transform([path, *[short] * 4] if duration == "auto" else [path])[0]
    assert len(row) == 16000
    assert row.any()
    assert sum(n_read) < 2**20


def test_windows_that_overlap_are_not_copied():
    recording = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(recording, 4000)[::100]
    from sklspeech.features.clips import check_clips

    assert np.shares_memory(check_clips(windows), recording)
    rows = MelFeatures(duration=None).fit_transform(windows[::40])
    np.testing.assert_array_equal(rows, MelFeatures(duration=None).fit_transform(list(windows[::40].copy())))
