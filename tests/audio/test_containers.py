"""Several streams in a file, frames without a length, formats of phones."""

import io

import numpy as np
import pytest
import soundfile

from sklspeech import AudioError, AudioWarning, MelFeatures
from sklspeech.audio import containers, read_duration, read_waveform

FORMATS = {
    "OGG, Vorbis": ("ogg", {"format": "OGG", "subtype": "VORBIS"}),
    "OGG, Opus": ("opus", {"format": "OGG", "subtype": "OPUS"}),
    "FLAC": ("flac", {"format": "FLAC"}),
}


def encoded(samples, rate=16000, **options):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("name", FORMATS)
def test_of_several_streams_none_is_taken_for_all(tmp_path, noise, name):
    ending, options = FORMATS[name]
    path = tmp_path / f"joined.{ending}"
    path.write_bytes(2 * encoded(noise, **options))
    with pytest.raises(AudioError, match="streams, of which the first"):
        read_waveform(path)


@pytest.mark.parametrize(("n_files", "rates"), [(2, (16000,)), (3, (16000,)), (2, (44100,)), (2, (16000, 44100))])
def test_mp3_files_that_were_joined(tmp_path, noise, n_files, rates):
    path = tmp_path / "joined.mp3"
    parts = [encoded(noise, rates[i % len(rates)], format="MP3") for i in range(n_files)]
    path.write_bytes(b"".join(parts))
    if len(rates) > 1:
        with pytest.raises(AudioError, match="changes its sample rate"):
            read_waveform(path)
    else:
        n_samples = n_files * len(noise) * 16000 / rates[0]
        assert n_samples <= len(read_waveform(path)) <= n_samples + n_files * 4000 * 16000 / rates[0]


def without_first_frame(content, start=0):
    """The frame that holds the Xing header is the first one."""
    second = content.index(content[start : start + 2], start + 4)
    while content[second + 1] != content[start + 1]:
        second = content.index(b"\xff", second + 1)
    return content[second:]


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE", "AVERAGE"])
@pytest.mark.parametrize("tag", [b"", b"ID3\x04\0\0\0\0\1\0" + bytes(128)], ids=["plain", "ID3"])
def test_mp3_without_a_length_is_read_whole(tmp_path, rate, channels, mode, tag):
    samples = np.random.default_rng(0).normal(0, 0.2, (3 * rate, channels))
    samples[rate : 2 * rate] *= 1e-3  # few bits
    content = encoded(samples, rate, format="MP3", bitrate_mode=mode, compression_level=0.5)
    path = tmp_path / "clip.mp3"
    path.write_bytes(tag + without_first_frame(content))
    if mode == "CONSTANT":  # there libsndfile guesses right, but for the last frame
        expected = soundfile.read(path, always_2d=True)[0].mean(axis=1)
        np.testing.assert_allclose(read_waveform(path, rate)[: len(expected)], expected, atol=1e-4)
    waveform = read_waveform(path, rate)
    # The header that is missing said how many samples of the encoder's delay are not the recording's.
    assert 0 <= len(waveform) - 3 * rate <= 3 * 1152
    assert read_duration(path) == pytest.approx(len(waveform) / rate)
    row = MelFeatures(sample_rate=rate, duration=0.5).fit_transform([path])
    whole = MelFeatures(sample_rate=rate, duration=0.5).fit_transform([waveform])
    np.testing.assert_allclose(row, whole, atol=0.05)


@pytest.mark.parametrize("after", [b"TAG" + bytes(125), bytes(2000), b"LYRICSBEGIN" + b"x" * 300], ids=lambda b: b[:3])
def test_what_stands_behind_the_frames_is_no_cut(tmp_path, noise, after):
    path = tmp_path / "clip.mp3"
    path.write_bytes(encoded(noise, format="MP3") + after)
    assert len(read_waveform(path)) == 16000


def test_mp3_cut_without_a_length_is_read_with_a_warning(tmp_path, noise):
    path = tmp_path / "clip.mp3"
    path.write_bytes(without_first_frame(encoded(np.tile(noise, 3), format="MP3"))[:-100])
    with pytest.warns(AudioWarning, match="last frame is cut"):
        assert len(read_waveform(path)) > 46000


@pytest.mark.parametrize("name", ["OGG, Vorbis", "OGG, Opus"])
def test_ogg_without_a_mark_at_its_end_is_whole(tmp_path, noise, name):
    ending, options = FORMATS[name]
    content = bytearray(encoded(np.tile(noise, 3), **options))
    content[content.rindex(b"OggS") + 5] &= ~4  # what a recorder that is stopped leaves; libsndfile checks no sums
    path = tmp_path / f"clip.{ending}"
    path.write_bytes(content)
    try:
        expected = len(soundfile.read(path)[0])
    except soundfile.SoundFileError:
        pytest.skip("this libsndfile checks sums")
    with pytest.warns(AudioWarning, match="no mark at its end"):
        assert len(read_waveform(path, 16000)) == expected


HEADS = {
    "clip.m4a": b"\0\0\0 ftypM4A ",
    "clip.mp4": b"\0\0\0\x18ftypmp42",
    "clip.webm": b"\x1aE\xdf\xa3" + bytes(20),
    "clip.aac": b"\xff\xf1P\x80" + bytes(20),
    "clip.amr": b"#!AMR\n" + bytes(20),
    "no_ending": b"\0\0\0 ftypM4A ",
}


@pytest.mark.parametrize("name", HEADS)
def test_formats_of_phones_without_a_decoder(tmp_path, monkeypatch, name):
    monkeypatch.setattr(containers, "can_decode", lambda: False)
    (tmp_path / name).write_bytes(HEADS[name] + bytes(500))
    for read in (read_waveform, read_duration):
        with pytest.raises(AudioError, match=r"sklspeech\[av\].*ffmpeg -i"):
            read(tmp_path / name)


def record(path, samples, rate, codec, **options):
    av = pytest.importorskip("av", reason="PyAV is not installed")
    with av.open(str(path), "w", **options) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("clip.m4a", "aac", 44100),
        ("clip.mp4", "aac", 16000),
        ("clip.aac", "aac", 16000),
        ("clip.webm", "libopus", 48000),
    ],
)
def test_formats_of_phones(tmp_path, name, codec, rate):
    time = np.arange(2 * rate) / rate
    samples = 0.3 * np.sin(2 * np.pi * 440 * time) * (time > 0.5)
    record(tmp_path / name, samples, rate, codec)
    waveform = read_waveform(tmp_path / name, rate)
    assert abs(len(waveform) - len(samples)) < 4096
    assert read_duration(tmp_path / name) == pytest.approx(2.0, abs=0.2)
    begin = np.flatnonzero(np.abs(waveform) > 0.1)[0] / rate
    assert begin == pytest.approx(0.5, abs=0.1)
    row = MelFeatures(sample_rate=rate, duration=1.0).fit_transform([tmp_path / name])
    whole = MelFeatures(sample_rate=rate, duration=1.0).fit_transform([waveform])
    np.testing.assert_allclose(row, whole, atol=1e-3)


@pytest.mark.parametrize(("name", "codec"), [("clip.m4a", "aac"), ("clip.webm", "libopus")])
def test_a_recording_of_a_phone_that_is_cut(tmp_path, name, codec):
    record(tmp_path / name, np.random.default_rng(0).normal(0, 0.1, 48000 * 8), 48000, codec)
    with pytest.warns(AudioWarning, match="more than twice as long"):
        MelFeatures(duration=1.0).fit_transform([tmp_path / name])
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(AudioError, match="damaged or truncated"):
        read_waveform(tmp_path / name)


def test_a_damaged_recording_of_a_phone_is_named(tmp_path):
    pytest.importorskip("av", reason="PyAV is not installed")
    for name, head in HEADS.items():
        if name == "clip.amr":  # zeros are frames of silence there
            continue
        (tmp_path / name).write_bytes(head + bytes(500))
        with pytest.raises(AudioError, match=name):
            read_waveform(tmp_path / name)
