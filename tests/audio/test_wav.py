"""WAV files of 16-bit samples are what libsndfile reads, to the bit, whatever else is in them."""

import os
import struct
import warnings

import numpy as np
import pytest
import soundfile

from sklspeech import AudioError, AudioLoader
from sklspeech.audio import fit_length, read_duration, read_waveform, wav
from sklspeech.audio.reading import read_samples

has_readv = pytest.mark.skipif(not hasattr(os, "readv"), reason="os.readv, by which rows are read, is not on Windows")


def pcm(chunks_before=b"", chunks_after=b"", n_bytes=None, channels=1):
    """A 16-bit WAV file of 400 samples, byte by byte."""
    samples = np.arange(-200, 200, dtype="<i2") * 163
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, 16000, 32000 * channels, 2 * channels, 16)
    data = struct.pack("<4sI", b"data", 800 if n_bytes is None else n_bytes) + samples.tobytes()
    body = b"WAVE" + chunks_before + form + data + chunks_after
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def chunk(n_bytes):
    return struct.pack("<4sI", b"LIST", n_bytes) + bytes(n_bytes + n_bytes % 2)


FILES = {  # and whether they are read into a row
    "plain": (pcm(), True),
    "stereo": (pcm(channels=2), False),
    "odd chunk before": (pcm(chunks_before=chunk(3)), True),
    "samples that end beyond a row": (pcm(chunks_before=chunk(1300)), False),
    "long chunk before": (pcm(chunks_before=chunk(3000)), False),
    "chunk after": (pcm(chunks_after=chunk(4)), False),
    "long chunk after": (pcm(chunks_after=chunk(200_000)), False),
    "half a sample": (pcm(n_bytes=799), True),
    "no length": (pcm(n_bytes=0xFFFFFFFF), False),
    "shorter": (pcm(n_bytes=400), False),
}


@pytest.mark.parametrize("content", [content for content, _ in FILES.values()], ids=FILES)
@pytest.mark.parametrize("name", ["clip.wav", "CLIP.WAV", "clip.bin"])
def test_pcm_wav_is_what_libsndfile_reads(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    expected = soundfile.read(path, dtype="float32", always_2d=True)[0].mean(axis=1)
    np.testing.assert_array_equal(read_waveform(path), expected)


@pytest.mark.parametrize("content", [pcm()[:44], pcm()[:40], pcm(n_bytes=900), pcm(channels=0)])
def test_broken_pcm_wav_is_refused(tmp_path, content):
    (tmp_path / "clip.wav").write_bytes(content)
    with pytest.raises(AudioError, match=r"clip\.wav: "):
        read_waveform(tmp_path / "clip.wav")
    with pytest.raises(AudioError, match=r"clip\.wav: "):
        AudioLoader(duration=1.0).fit_transform([tmp_path / "clip.wav"])


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("n_samples", [100, 400, 500])
def test_files_in_rows_are_what_they_are_alone(tmp_path, name, n_samples):
    for i, content in enumerate([pcm(), FILES[name][0], pcm()]):
        (tmp_path / f"{i}.wav").write_bytes(content)
    paths = [tmp_path / f"{i}.wav" for i in range(3)]
    rows = AudioLoader(duration=n_samples / 16000).fit_transform(paths)
    np.testing.assert_array_equal(rows, [fit_length(read_waveform(path), n_samples) for path in paths])


@has_readv
@pytest.mark.parametrize("name", FILES)
def test_which_files_are_read_into_rows(tmp_path, name):
    content, expected = FILES[name]
    (tmp_path / "clip.wav").write_bytes(content)
    rows = wav.WavBatchReader(2, 400, 16000)
    rows.samples[:] = 1
    assert rows.read([str(tmp_path / "clip.wav")]).astype(bool) == [expected]
    assert (rows.samples[1] == 1).all()
    assert not wav.WavBatchReader(1, 400, 8000).read([str(tmp_path / "clip.wav")])


@has_readv
def test_what_was_read_into_a_row_before_is_not_read_again(tmp_path):
    contents = {"whole.wav": pcm(), "empty.wav": b"", "short.wav": pcm()[:30], "other.txt": pcm(), "folder.wav": None}
    for name, content in contents.items():
        if content is None:
            (tmp_path / name).mkdir()
        else:
            (tmp_path / name).write_bytes(content)
    rows, whole = wav.WavBatchReader(6, 400, 16000), str(tmp_path / "whole.wav")
    assert rows.read([whole] * 6).all()
    paths = [str(tmp_path / name) for name in [*contents, "missing.wav"]]
    assert rows.read(paths).tolist() == [400, 0, 0, 0, 0, 0]


def test_rows_without_scattered_reading(tmp_path, monkeypatch):
    (tmp_path / "clip.wav").write_bytes(pcm())
    monkeypatch.delattr(os, "readv")
    row = AudioLoader(duration=400 / 16000).fit_transform([tmp_path / "clip.wav"])[0]
    np.testing.assert_array_equal(row, read_waveform(tmp_path / "clip.wav"))


@has_readv
@pytest.mark.parametrize("sample_rate", [np.int16(22050), np.uint16(44100)])
def test_rows_of_a_rate_that_twice_is_none_of_its_type(tmp_path, sample_rate):
    soundfile.write(tmp_path / "clip.wav", np.arange(400).astype(np.int16), int(sample_rate))
    assert wav.WavBatchReader(1, 400, sample_rate).read([str(tmp_path / "clip.wav")])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_rows_of_the_next_batch_do_not_change_those_of_the_last(tmp_path, n_jobs):
    """They are read to the same memory."""
    noise = np.random.default_rng(0).integers(-9999, 9999, (3000, 50)).astype(np.int16)
    for i, samples in enumerate(noise):
        soundfile.write(tmp_path / f"{i}.wav", samples, 16000)
    paths = [tmp_path / f"{i}.wav" for i in range(len(noise))]
    np.testing.assert_array_equal(AudioLoader(duration=50 / 16000, n_jobs=n_jobs).fit_transform(paths) * 2**15, noise)


@pytest.mark.parametrize("seconds", [0.5, 5.0, None])
def test_wav_that_one_call_does_not_read_whole(tmp_path, seconds):
    samples = np.arange(100_000).astype(np.int16)
    soundfile.write(tmp_path / "clip.wav", samples, 16000)
    n_samples = None if seconds is None else round(seconds * 16000)
    read = read_samples(str(tmp_path / "clip.wav"), 16000, n_samples)
    np.testing.assert_array_equal(read.samples, samples[:n_samples])
    assert read.duration == 6.25


SECOND_CHUNKS = {
    "second data": pcm(chunks_after=struct.pack("<4sI", b"data", 4) + bytes(4)),
    "second fmt": pcm(chunks_before=struct.pack("<4sI", b"fmt ", 16) + bytes(16)),
    "fmt behind": pcm(chunks_after=struct.pack("<4sI", b"fmt ", 16) + bytes(16)),
    "another file": pcm() + pcm(),
}


@pytest.mark.parametrize("content", SECOND_CHUNKS.values(), ids=SECOND_CHUNKS)
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_what_readers_take_differently_is_refused(tmp_path, content, subtype):
    if subtype == "FLOAT":  # by way of libsndfile
        content = content.replace(struct.pack("<HHI", 1, 1, 16000), struct.pack("<HHI", 3, 1, 16000))
    (tmp_path / "clip.wav").write_bytes(content)
    for read in (read_waveform, lambda path: AudioLoader(duration=0.01).fit_transform([path])):
        with pytest.raises(AudioError, match="more than one chunk"):
            read(tmp_path / "clip.wav")


@pytest.mark.parametrize(
    ("length", "n_samples"),
    [(0, 400), (0xFFFFFFFF, 400), (0x7FFFFFFF, 400), (800, 400)],
)
def test_what_a_killed_recorder_leaves(tmp_path, length, n_samples):
    (tmp_path / "clip.wav").write_bytes(pcm(n_bytes=length))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(read_waveform(tmp_path / "clip.wav")) == n_samples
        assert read_duration(tmp_path / "clip.wav") == n_samples / 16000
    assert any("says 0 bytes" in str(warning.message) for warning in caught) == (length == 0)


@pytest.mark.parametrize("after", [b"", chunk(4), chunk(4) + chunk(6)], ids=len)
def test_no_samples_are_made_of_other_chunks(tmp_path, after):
    content = pcm(n_bytes=0)[:44] + after
    (tmp_path / "clip.wav").write_bytes(content)
    with pytest.raises(AudioError, match="no samples"):
        read_waveform(tmp_path / "clip.wav")


@pytest.mark.parametrize("channels", [1025, 2000])
def test_too_many_channels(tmp_path, channels):
    samples = bytes(2 * channels * 4)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, 16000, 32000 * channels, 2 * channels & 0xFFFF, 16)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(samples)) + samples
    (tmp_path / "clip.wav").write_bytes(struct.pack("<4sI", b"RIFF", len(body)) + body)
    with pytest.raises(AudioError):
        read_waveform(tmp_path / "clip.wav")
