"""Recordings that cannot be read are left out, and named."""

import pytest

from sklspeech import AudioWarning, datasets


def test_what_cannot_be_read_is_skipped(tmp_path):
    speech = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=2, folder=tmp_path, random_state=0)
    bad = [tmp_path / "yes" / "s09_0.wav", tmp_path / "no" / "s09_1.wav"]
    bad[0].write_bytes(b"")
    bad[1].write_bytes((tmp_path / "no" / "s00_0.wav").read_bytes()[:-500])
    with pytest.warns(AudioWarning, match=r"2 of 10 recordings cannot be read.*s09_[01]\.wav.*s09_[01]\.wav"):
        found = datasets.load_speech_folder(tmp_path, on_error="skip")
    assert sorted(found.data) == sorted(speech.data)
    assert sorted(path for path, _ in found.failed) == sorted(map(str, bad))
    assert len(datasets.load_speech_folder(tmp_path).data) == 10
    with pytest.raises(ValueError, match="on_error must be"):
        datasets.load_speech_folder(tmp_path, on_error="silence")
