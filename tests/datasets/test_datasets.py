"""Folders of recordings, and the synthesizer."""

import shutil

import numpy as np
import pytest
from conftest import recordings
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score

from sklspeech import AudioLoader, FrameStatistics, MFCCFeatures, Pipeline
from sklspeech.datasets import DIGITS, LEXICON, load_speech_folder, make_spoken_words


@pytest.fixture
def folder(tmp_path, words):
    """Speech Commands in small: a/<speaker>_nohash_<take>.wav, and what is to be skipped."""
    for label in ("yes", "no", "_background_noise_", ".hidden"):
        (tmp_path / label).mkdir()
        for speaker in ("ab12", "cd34"):
            for take in (0, 1):
                shutil.copy(words.data[0], tmp_path / label / f"{speaker}_nohash_{take}.wav")
    (tmp_path / "README.md").touch()
    (tmp_path / "yes" / "notes.txt").touch()
    (tmp_path / "yes" / "samples.raw").touch()
    return tmp_path


def test_one_folder_a_class(folder):
    speech = load_speech_folder(folder)
    assert speech.target.tolist() == ["no"] * 4 + ["yes"] * 4
    assert speech.target_names == ["no", "yes"]
    assert speech.groups is None
    assert len(AudioLoader().fit_transform(speech.data)) == 8
    assert "8 recordings of 2 classes" in speech.DESCR


def test_label_and_speaker_from_a_pattern(folder):
    speech = load_speech_folder(folder, pattern=r"(?P<label>\w+)/(?P<speaker>\w+)_nohash_")
    assert speech.target.tolist() == ["no"] * 4 + ["yes"] * 4
    assert speech.groups.tolist() == ["ab12", "ab12", "cd34", "cd34"] * 2


def test_label_from_the_file_name(tmp_path, words):
    for name in ("7_jackson_0.wav", "8_nicolas_3.wav"):
        shutil.copy(words.data[0], tmp_path / name)
    speech = load_speech_folder(tmp_path, pattern=r"(?P<label>\d)_(?P<speaker>[a-z]+)_")
    assert (speech.target.tolist(), speech.groups.tolist()) == (["7", "8"], ["jackson", "nicolas"])


def test_manifest(folder):
    (folder / "manifest.csv").write_text(
        "path,label,speaker,split\nyes/ab12_nohash_0.wav,ja,ab,train\nno/cd34_nohash_1.wav,nein,cd,test\n"
    )
    speech = load_speech_folder(folder)
    assert (speech.target.tolist(), speech.groups.tolist()) == (["ja", "nein"], ["ab", "cd"])
    assert load_speech_folder(folder, split="test").target.tolist() == ["nein"]


@pytest.mark.parametrize(
    ("manifest", "params", "message"),
    [
        ("file,label\na.wav,x\n", {}, "lacks the columns"),
        ("path,label\na.wav,x\n", {}, "a.wav, which does not exist"),
        ("path,label\nyes/ab12_nohash_0.wav,\n", {}, "no label"),
        ("label,path\nx,yes/ab12_nohash_0.wav\nx\n", {}, "more or fewer values than columns in row 3"),
        (f"path,label\n{'x' * 2**18},x\n", {}, r"manifest.csv is no table"),
        ("path,label\nyes/ab12_nohash_0.wav,x\n", {"split": "val"}, "lacks the columns"),
        ("path,label,split\nyes/ab12_nohash_0.wav,x,train\n", {"split": "val"}, "no recordings found"),
        (None, {"split": "val"}, "needs a manifest"),
        ("path,label\n", {"manifest": "m.csv", "pattern": "x"}, "from the manifest or from the pattern"),
        (None, {"pattern": "("}, "no regular expression"),
        (None, {"pattern": r"(?P<label>\d{5})"}, "does not fit the pattern"),
    ],
)
def test_what_does_not_fit_is_named(folder, manifest, params, message):
    for path in folder.rglob("cd34*"):
        path.unlink()
    if manifest:
        (folder / "manifest.csv").write_text(manifest)
    with pytest.raises(ValueError, match=message):
        load_speech_folder(folder, **params)


def test_a_manifest_that_is_not_utf_8(folder):
    (folder / "manifest.csv").write_bytes("path,label\nyes/ab12_nohash_0.wav,où\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"manifest.csv is no table"):
        load_speech_folder(folder)


def test_a_link_upwards(folder):
    (folder / "yes" / "again").symlink_to("..")
    with pytest.raises(ValueError, match="listed twice"):
        load_speech_folder(folder)


def test_no_folder_and_no_recordings(tmp_path):
    with pytest.raises(ValueError, match="is not a folder"):
        load_speech_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no recordings"):
        load_speech_folder(tmp_path)


def test_recording_outside_of_a_class(folder, words):
    shutil.copy(words.data[0], folder / "stray.wav")
    with pytest.raises(ValueError, match=r"stray\.wav lies in no sub-folder"):
        load_speech_folder(folder)


@pytest.mark.parametrize(("name", "n", "n_classes", "n_speakers"), [("fsdd", 3000, 10, 6), ("arabic20", 4800, 20, 24)])
def test_real_sets(name, n, n_classes, n_speakers):
    speech = load_speech_folder(recordings(name))
    assert (len(speech.data), len(speech.target_names), len(set(speech.groups))) == (n, n_classes, n_speakers)


def test_every_word_can_be_spoken():
    speech = make_spoken_words(list(LEXICON), n_speakers=1, n_takes=1, random_state=0)
    assert sorted(speech.target) == speech.target_names == sorted(LEXICON)
    for clip in speech.data:
        assert clip.dtype == np.float32
        assert 0.2 < len(clip) / 16000 < 1.5
        assert 0.05 < np.abs(clip).max() <= 1


def test_same_seed_same_speech():
    first, second, other = (
        make_spoken_words(["yes"], random_state=seed, n_speakers=2, n_takes=2) for seed in (0, 0, 1)
    )
    for a, b in zip(first.data, second.data, strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(first.data[0]) != len(other.data[0])
    assert not np.array_equal(first.data[0][:1000], first.data[1][:1000])


def test_words_of_one_s_own():
    speech = make_spoken_words({"hello": "HH AH L OW"}, n_speakers=1, n_takes=1)
    assert speech.target.tolist() == ["hello"]


def test_noise_is_as_loud_as_asked():
    quiet = make_spoken_words(["no"], n_speakers=1, n_takes=1, snr_db=None, random_state=0).data[0]
    noisy = make_spoken_words(["no"], n_speakers=1, n_takes=1, snr_db=10.0, random_state=0).data[0]
    snr_db = 10 * np.log10(np.mean(quiet**2) / np.mean((noisy - quiet) ** 2))
    assert snr_db == pytest.approx(10, abs=0.3)


@pytest.mark.parametrize("sample_rate", [8000, 44100])
def test_sample_rate(sample_rate, tmp_path):
    speech = make_spoken_words(
        ["no"], n_speakers=1, n_takes=1, sample_rate=sample_rate, folder=tmp_path, random_state=0
    )
    at_16k = make_spoken_words(["no"], n_speakers=1, n_takes=1, random_state=0).data[0]
    assert len(AudioLoader().fit_transform(speech.data)[0]) == pytest.approx(len(at_16k), abs=2)


@pytest.mark.parametrize(
    ("words", "params", "message"),
    [
        (["hello"], {}, "'hello' is not in LEXICON"),
        ({"hello": "HH QQ"}, {}, "unknown phonemes"),
        ({"hello": ""}, {}, "unknown phonemes"),
        ([], {}, "empty"),
        (["no"], {"n_takes": 0}, "n_takes=0"),
        (["no"], {"sample_rate": 1}, "sample_rate=1 but expected an integer of 1000 or more"),
    ],
)
def test_wrong_words(words, params, message):
    with pytest.raises(ValueError, match=message):
        make_spoken_words(words, **params)


def test_words_sound_different_across_speakers():
    """Even means over time tell most of the ten digits of unheard speakers apart."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    speech = make_spoken_words(DIGITS, n_speakers=6, n_takes=3, random_state=0)
    pipeline = Pipeline([MFCCFeatures(), FrameStatistics(), LinearDiscriminantAnalysis()])
    scores = cross_val_score(pipeline, speech.data, speech.target, groups=speech.groups, cv=LeaveOneGroupOut())
    assert scores.mean() > 0.7
