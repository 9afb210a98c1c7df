"""A loader never loses a file, a class or half of a label without a word."""

import os
import unicodedata

import numpy as np
import pytest
import soundfile

from sklspeech import AudioError, AudioLoader, AudioWarning
from sklspeech.audio import containers
from sklspeech.datasets import load_speech_folder

SAMPLES = np.full(1600, 0.1)


def record(path, seconds=0.1):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(round(16000 * seconds), 0.1), 16000)


@pytest.fixture
def root(tmp_path):
    record(tmp_path / "yes/1.wav")
    record(tmp_path / "no/1.wav")
    return tmp_path


@pytest.fixture
def said(recwarn):
    return lambda: " ".join(str(warning.message) for warning in recwarn if warning.category is AudioWarning)


LEFT_OUT = {
    "of phones": (["yes/2.m4a", "yes/3.m4a", "no/2.webm"], "3 files are left out.*2 .m4a, 1 .webm.*sklspeech.av."),
    "raw": (["yes/2.raw"], "1 files are left out.*1 .raw"),
    "unknown": (["yes/2.dss", "no/2.ds2"], "2 files are left out"),
    "without ending": (["yes/rec0", "no/rec1"], "2 files are left out.*2 without ending"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_files_left_out_are_counted(root, monkeypatch, name):
    monkeypatch.setattr(containers, "can_decode", lambda: False)
    names, message = LEFT_OUT[name]
    for path in names:
        (root / path).write_bytes(bytes(9))
    with pytest.warns(AudioWarning, match=message):
        load_speech_folder(root)


@pytest.mark.parametrize("name", ["README.md", "yes/1.txt", "yes/._1.wav", ".git/x.wav", "yes/.DS_Store", "LICENSE"])
def test_of_what_is_no_recording_nothing_is_said(root, said, name):
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(bytes(9))
    assert len(load_speech_folder(root).data) == 2
    assert not said()


def test_a_folder_of_files_left_out_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(containers, "can_decode", lambda: False)
    (tmp_path / "yes").mkdir()
    (tmp_path / "yes/1.m4a").write_bytes(bytes(9))
    with pytest.raises(ValueError, match=r"no recordings found in .*1 \.m4a"):
        load_speech_folder(tmp_path)


@pytest.mark.parametrize("empty", [["stop"], ["stop", "go"], ["go/inside"]])
def test_classes_without_a_recording(root, empty):
    for name in empty:
        (root / name).mkdir(parents=True)
    with pytest.warns(AudioWarning, match=f"{len(empty)} sub-folders have no recording"):
        assert load_speech_folder(root).target_names == ["no", "yes"]


WITHIN = r"(?P<label>\w+)/(?P<speaker>\w+)_nohash_"
PATTERNS = {  # paths, pattern, labels or the message
    "within a name": (["light-on/anna_nohash_0.wav"], WITHIN, "light-on.*its label would be 'on'"),
    "behind a blank": (["turn on/anna_nohash_0.wav"], WITHIN, "turn on.*its label would be 'on'"),
    "whole names": (
        ["light-on/anna_nohash_0.wav", "on/anna_nohash_0.wav"],
        r"(?P<label>[^/]+)/(?P<speaker>\w+)_nohash_",
        ["light-on", "on"],
    ),
    "behind a literal": (["clips/anna-yes.wav"], r"-(?P<label>\w+)\.wav", ["yes"]),
    "in the middle": (["clips/0_anna_1.wav"], r"(?P<label>\d)_(?P<speaker>[a-z]+)_", ["0"]),
    "speaker within": (["yes/of-anna_1.wav"], r"(?P<speaker>[a-z]+)_(?P<label>\d)", "its speaker would be 'anna'"),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns(tmp_path, name):
    paths, pattern, expected = PATTERNS[name]
    for path in paths:
        record(tmp_path / path)
    if isinstance(expected, list):
        assert load_speech_folder(tmp_path, pattern=pattern).target_names == expected
    else:
        with pytest.raises(ValueError, match=expected):
            load_speech_folder(tmp_path, pattern=pattern)


@pytest.mark.parametrize("splits", [["train", "test"], ["Train", "Validation"], ["dev", "eval", "test"], ["train"]])
def test_parts_of_a_data_set_are_no_labels(tmp_path, splits):
    for split in splits:
        record(tmp_path / split / "yes/1.wav")
    with pytest.raises(ValueError, match="look like parts of a data set"):
        load_speech_folder(tmp_path)
    assert load_speech_folder(tmp_path / splits[0]).target_names == ["yes"]


def test_a_word_may_be_called_test(tmp_path):
    for word in ("test", "yes"):
        record(tmp_path / word / "1.wav")
    assert load_speech_folder(tmp_path).target_names == ["test", "yes"]


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="elsewhere a folder has one form of a name")
@pytest.mark.parametrize("word", ["für", "où", "한국"])
def test_one_word_in_two_forms_of_unicode(tmp_path, word, said):
    for form in ("NFC", "NFD"):
        record(tmp_path / unicodedata.normalize(form, word) / f"{form}.wav")
    assert load_speech_folder(tmp_path).target_names == [unicodedata.normalize("NFC", word)]
    assert not said()


@pytest.mark.parametrize("other", ["Yes", "YES", "yes ", " yes"])
def test_spellings_of_one_label(root, other):
    record(root / other / "2.wav")
    with pytest.warns(AudioWarning, match="differ in case or blanks"):
        assert len(load_speech_folder(root).target_names) == 3


def manifest(root, text):
    (root / "manifest.csv").write_text(text, encoding="utf-8")
    return load_speech_folder(root)


@pytest.mark.parametrize(
    "column", ["speaker_id", "begin", "client_id", "Speaker", "client label", "offset", "Split", "file"]
)
def test_columns_that_are_not_used(root, column):
    with pytest.warns(AudioWarning, match=f"'{column}'.* not used"):
        manifest(root, f"path,label,{column}\nyes/1.wav,yes,0\nno/1.wav,no,1\n")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("yes/1.wav,yes,a\nyes/1.wav,no,a\n", r"contradicts itself: .*yes/1\.wav"),
        ("yes/1.wav,yes,a\nyes/1.wav,yes,b\n", "contradicts itself"),
        ("yes/1.wav,yes,a,more\n", "more or fewer values"),
        ("yes/1.wav,yes\n", "more or fewer values"),
        ("yes/1.wav,yes,a\nno/1.wav,no,\n", "1 of 2 recordings .* have no speaker"),
    ],
)
def test_rows_that_contradict_each_other(root, rows, message):
    with pytest.raises(ValueError, match=message):
        manifest(root, f"path,label,speaker\n{rows}")


def test_recordings_that_are_listed_twice(root):
    with pytest.warns(AudioWarning, match="lists 1 recordings more than once"):
        assert len(manifest(root, "path,label\nyes/1.wav,yes\nyes/1.wav,yes\n").data) == 2


def test_columns_of_one_name(root):
    with pytest.raises(ValueError, match="columns of the same name"):
        manifest(root, "path,label,label\nyes/1.wav,yes,no\n")


def test_segments(root, noise):
    soundfile.write(root / "long.wav", np.tile(noise, 5), 16000)
    text = "path,label,start,end\nlong.wav,yes,0.5,1.5\nlong.wav,no,2,4.25\nno/1.wav,no,,\n"
    speech = manifest(root, text)
    waveforms = AudioLoader().fit_transform(speech.data)
    assert [len(waveform) for waveform in waveforms] == [16000, 36000, 1600]
    np.testing.assert_allclose(waveforms[0], np.tile(noise, 5)[8000:24000], atol=2**-15)
    assert AudioLoader(duration="auto").fit(speech.data).duration_ == 2.25


@pytest.mark.parametrize("times", ["1,0.5", "0.5,0.5", "-1,2", "x,2", "1,", "1,inf", "nan,2"])
def test_segments_that_are_none(root, times):
    with pytest.raises(ValueError, match="in row 2, expected seconds"):
        manifest(root, f"path,label,start,end\nyes/1.wav,yes,{times}\n")


@pytest.mark.parametrize(("n_bad", "others"), [(1, ""), (3, r" \(3 of 5 clips cannot be used\)")])
@pytest.mark.parametrize("as_files", [True, False])
def test_an_error_says_how_many_others_are_bad(root, n_bad, others, as_files):
    good = root / "yes/1.wav" if as_files else SAMPLES
    bad = root / "nowhere.wav" if as_files else SAMPLES * 1e6
    with pytest.raises(AudioError, match=f"(does not exist|their largest value.*){others}$"):
        AudioLoader(duration="auto").fit([good, *[bad] * n_bad, *[good] * (4 - n_bad)])
