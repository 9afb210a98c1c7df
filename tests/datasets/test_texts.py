"""Sentences in the forms that speech comes in."""

import json

import numpy as np
import pytest
import soundfile

from sklspeech import datasets

CLIP = np.zeros(800)


def record(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, CLIP, 16000)


def kaldi(root):
    record(root / "a.wav", root / "b.wav")
    (root / "wav.scp").write_text("u1 a.wav\nu2 b.wav\n")
    (root / "text").write_text("u1 yes no\nu2 no\n")
    (root / "utt2spk").write_text("u1 ann\nu2 bob\n")


def librispeech(root):
    folder = root / "84" / "121"
    record(folder / "84-121-0000.flac", folder / "84-121-0001.flac")
    (folder / "84-121.trans.txt").write_text("84-121-0000 YES NO\n84-121-0001 NO\n")


def json_lines(root):
    record(root / "a.wav", root / "b.wav")
    rows = [
        {"audio_filepath": "a.wav", "text": "yes no", "speaker": "ann"},
        {"audio_filepath": "b.wav", "text": "no", "speaker": "bob"},
    ]
    (root / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)))


def manifest(root):
    record(root / "a.wav", root / "b.wav")
    (root / "manifest.csv").write_text("path,text,speaker\na.wav,yes no,ann\nb.wav,no,bob\n")


def beside(root):
    record(root / "a.wav", root / "b.wav")
    (root / "a.txt").write_text("yes no\n")
    (root / "b.txt").write_text("no\n")


@pytest.mark.parametrize(
    ("form", "target", "groups"),
    [
        (kaldi, "auto", ["ann", "bob"]),
        (librispeech, "auto", ["84", "84"]),
        (json_lines, "auto", ["ann", "bob"]),
        (manifest, "auto", ["ann", "bob"]),
        (beside, "text", None),
    ],
)
def test_forms(tmp_path, form, target, groups):
    form(tmp_path)
    speech = datasets.load_speech_folder(tmp_path, target=target)
    assert [text.lower() for text in speech.target] == ["yes no", "no"]
    assert (None if speech.groups is None else speech.groups.tolist()) == groups
    assert len(speech.data) == 2


def test_both_columns(tmp_path):
    record(tmp_path / "a.wav")
    (tmp_path / "manifest.csv").write_text("path,label,text\na.wav,yes,Yes indeed\n")
    assert datasets.load_speech_folder(tmp_path).target.tolist() == ["yes"]
    assert datasets.load_speech_folder(tmp_path, target="text").target.tolist() == ["Yes indeed"]


def changed(form, name, text):
    def make(root):
        form(root)
        (root / name).write_text(text)

    return make


def without(form, name):
    def make(root):
        form(root)
        (root / name).unlink()

    return make


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (changed(kaldi, "text", "u1 yes\n"), r"differ in their utterances: \['u2'\]"),
        (changed(kaldi, "wav.scp", "u1 sox a.wav |\nu2 b.wav\n"), "has commands, which are not run"),
        (changed(kaldi, "wav.scp", "u1 a.wav\nu1 b.wav\n"), "has 'u1' twice, in lines 1 and 2"),
        (changed(kaldi, "text", "u1 yes\nu2\n"), "has no sentence for .*b.wav"),
        (without(kaldi, "b.wav"), "names .*b.wav in line 2, which does not exist"),
        (changed(json_lines, "manifest.jsonl", "{"), "has no JSON in line 1"),
        (changed(json_lines, "manifest.jsonl", '{"audio_filepath": "a.wav"}'), "no audio_filepath and text"),
        (changed(json_lines, "manifest.jsonl", '{"audio_filepath": "x.wav", "text": "a"}'), "does not exist"),
        (changed(manifest, "manifest.csv", "path,text\na.wav, \n"), "has no text for .*a.wav"),
        (without(beside, "b.txt"), "1 of 2 recordings in .* have no sentence: .* no b.txt beside b.wav"),
        (changed(beside, "b.txt", " "), "has no sentence for .*b.wav"),
    ],
)
def test_what_is_lost_is_named(tmp_path, make, error):
    make(tmp_path)
    with pytest.raises(ValueError, match=error):
        datasets.load_speech_folder(tmp_path, target="text")


def test_a_transcript_of_no_recording(tmp_path):
    librispeech(tmp_path)
    (tmp_path / "84" / "121" / "84-121-0001.flac").unlink()
    with pytest.raises(ValueError, match="names 84-121-0001 in line 2, of which there is no recording"):
        datasets.load_speech_folder(tmp_path)


def test_spoken_sentences(tmp_path):
    speech = datasets.make_spoken_sentences(["yes", "no"], n_words=(1, 3), n_speakers=2, n_takes=4, random_state=0)
    again = datasets.make_spoken_sentences(
        ["yes", "no"], n_words=(1, 3), n_speakers=2, n_takes=4, random_state=0, folder=tmp_path
    )
    loaded = datasets.load_speech_folder(tmp_path)
    assert speech.target.tolist() == again.target.tolist() == loaded.target.tolist()
    assert loaded.groups.tolist() == speech.groups.tolist()
    assert {len(text.split()) for text in speech.target} <= {1, 2, 3}
    with pytest.raises(ValueError, match="n_words must be the smallest and the largest"):
        datasets.make_spoken_sentences(n_words=(3, 1))
    with pytest.raises(ValueError, match="Got n_words=0"):
        datasets.make_spoken_sentences(n_words=(0, 1))
