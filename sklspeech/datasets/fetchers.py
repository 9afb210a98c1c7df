"""Well-known data sets: downloaded, or taken from an archive or a folder that is there."""

import csv
import hashlib
import math
import re
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch, check_random_state

from .._runtime.docstrings import fill_docstring
from ..audio.reading import read_duration
from ..audio.source import segment_name
from .downloads import Archive, fetch
from .folder import load_speech_folder

_SPEECH_COMMANDS = {
    1: Archive(
        "https://storage.googleapis.com/download.tensorflow.org/data/speech_commands_v0.01.tar.gz",
        "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d",
        "speech_commands_v0.01.tar.gz",
    ),
    2: Archive(
        "https://storage.googleapis.com/download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
        "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
        "speech_commands_v0.02.tar.gz",
    ),
}
_TEN_WORDS = "yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"
_LISTS = {"validation": "validation", "test": "testing"}  # subsets, and what their lists are called
_NOISE = "_background_noise_"
_OTHERS = 0.1  # unknown and silent clips each, for every clip of the ten words
_MOST_IN_A_SET = 2**27 - 1  # of the hash rule

_SPOKEN_DIGITS = Archive(
    "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/v1.0.9.tar.gz",
    "8bc44cde129d505cbbb6b365c09f80c663f2aa77578afc634e6141a2f87100c0",
    "free-spoken-digit-dataset-1.0.9.tar.gz",
)
_TEST_TAKES = 5  # of every speaker and digit, the first ones

_YESNO = Archive(
    "https://www.openslr.org/resources/1/waves_yesno.tar.gz",
    "c3f49e0cca421f96b75b41640749167b52118f232498667ca7a5f9416aef8e73",
    "waves_yesno.tar.gz",
)
_LIBRISPEECH = {
    "dev-clean": "76f87d090650617fca0cac8f88b9416e0ebf80350acb97b343a85fa903728ab3",
    "dev-other": "12661c48e8c3fe1de2c1caa4c3e135193bfb1811584f11f569dd12645aa84365",
    "test-clean": "39fde525e59672dc6d1551919b1478f724438a95aa55f874b576be21967e6c23",
    "test-other": "d09c181bba5cf717b3dee7d4d592af11a3ee3a09e08ae025c5506f6ebe961c29",
    "train-clean-100": "d4ddd1d5a6ab303066f14971d768ee43278a5f2a0aa43dc716b0e64ecbbbf6e2",
    "train-clean-360": "146a56496217e96c14334a160df97fffedd6e0a04e66b9c5af0d40be3c792ecf",
    "train-other-500": "ddb22f27f96ec163645d53215559df6aa36515f26e01dd70798188350adcb6d2",
}


#: What all downloads share, for their docstrings.
_WHERE = """
    data_home : str, PathLike or None, default=None
        Folder of downloads; None is what SKLSPEECH_HOME names, or ``~/sklspeech_data``.
    archive : str, PathLike or None, default=None
        The archive, or the unpacked folder, if it is there already.
"""
_FAULTS = """
    OSError
        The archive cannot be downloaded; the error says which file to put where.
    ValueError
        A parameter is none of the above, or the download was changed on its way.
"""


@fill_docstring(where=_WHERE, faults=_FAULTS)
def fetch_speech_commands(version=2, *, subset="train", task="all", data_home=None, archive=None, random_state=None):
    """Google's Speech Commands: a second of a word by thousands of speakers, 2.4 GB.

    Parameters
    ----------
    version : {1, 2}, default=2
        30 or 35 words.
    subset : {"train", "validation", "test", "all"}, default="train"
        By the official lists; no speaker is in two of them.
    task : {"all", "12"}, default="all"
        All words; or the ten commands, "_unknown_", which is drawn from the other words, and "_silence_", which is
        seconds of the recorded noise. Of each of these two there is one for ten commands.
    {where}
    random_state : int, RandomState or None, default=None
        Which clips of other words, and which seconds of noise, there are.

    Returns
    -------
    speech : Bunch
        ``data``, ``target``, ``groups``, ``target_names`` and ``DESCR`` as of `load_speech_folder`.

    Raises
    ------
    {faults}

    References
    ----------
    P. Warden, Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition, arXiv:1804.03209, 2018.
    """
    _check("version", version, _SPEECH_COMMANDS)
    _check("subset", subset, ("train", "validation", "test", "all"))
    _check("task", task, ("all", "12"))
    root = _only_folder(fetch(_SPEECH_COMMANDS[version], data_home, archive), "testing_list.txt")
    names = sorted(p.relative_to(root).as_posix() for p in root.glob("*/*.wav") if p.parent.name != _NOISE)
    listed = {part: set(_lines(root / f"{name}_list.txt")) for part, name in _LISTS.items()}
    of_subset = [name for name in names if subset in ("all", _part_of(name, listed))]
    rows = [(str(root / name), name.partition("/")[0], _speaker_of(name)) for name in of_subset]
    if task == "12":
        rows = _twelve(root, rows, check_random_state(random_state))
    return _bunch(rows, f"Speech Commands v0.0{version}, {subset}, task {task}. {_DESCR['speech_commands']}")


def _part_of(name, listed):
    return next((part for part, names in listed.items() if name in names), "train")


def _speaker_of(name):
    return re.sub(r"_nohash_.*$", "", name.rpartition("/")[2])


def which_speech_commands_set(name, validation_share=0.1, test_share=0.1):
    """The set of a recording by the rule of Speech Commands, which looks at a hash of the speaker.

    For recordings of one's own that are named alike; for the official ones their lists are to be used.

    Parameters
    ----------
    name : str
        A file whose name begins with its speaker and goes on with ``_nohash_``.
    validation_share : float, default=0.1
        Of the speakers.
    test_share : float, default=0.1
        Of the speakers.

    Returns
    -------
    subset : {"train", "validation", "test"}

    References
    ----------
    P. Warden, Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition, arXiv:1804.03209, 2018, section 7.

    Examples
    --------
    >>> from sklspeech.datasets import which_speech_commands_set
    >>> which_speech_commands_set("yes/bobby_nohash_0.wav") == which_speech_commands_set("no/bobby_nohash_7.wav")
    True
    """
    digest = int(hashlib.sha1(_speaker_of(name).encode(), usedforsecurity=False).hexdigest(), 16)
    share = digest % (_MOST_IN_A_SET + 1) / _MOST_IN_A_SET
    if share < validation_share:
        return "validation"
    return "test" if share < validation_share + test_share else "train"


def _twelve(root, rows, random):
    """Ten commands, other words as unknown, and seconds of noise as silence."""
    commands = [row for row in rows if row[1] in _TEN_WORDS]
    others = [(path, "_unknown_", speaker) for path, label, speaker in rows if label not in _TEN_WORDS]
    n_made = math.ceil(_OTHERS * len(commands))
    chosen = sorted(random.choice(len(others), min(n_made, len(others)), replace=False))
    return [*commands, *(others[i] for i in chosen), *_silence(root, n_made, random)]


def _silence(root, n_made, random):
    noises = sorted((root / _NOISE).glob("*.wav"))
    if not noises:
        raise ValueError(f"{root / _NOISE} has no recordings of noise, which _silence_ is made of")
    durations = [read_duration(path) for path in noises]
    for _ in range(n_made):
        i = random.randint(len(noises))
        start = round(random.uniform(0, max(0.0, durations[i] - 1.0)), 3)
        yield segment_name(str(noises[i]), start, start + min(1.0, durations[i])), "_silence_", noises[i].stem


@fill_docstring(where=_WHERE, faults=_FAULTS)
def fetch_spoken_digits(*, subset="all", data_home=None, archive=None):
    """The Free Spoken Digit Dataset: ten English digits, 50 takes by each speaker, 8 kHz, 12 MB.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="all"
        Takes 0 to 4 are the official test. Its speakers are those of training: leave one speaker out to be told how
        well others are understood.
    {where}

    Returns
    -------
    speech : Bunch
        ``data``, ``target``, ``groups``, ``target_names`` and ``DESCR`` as of `load_speech_folder`.

    Raises
    ------
    {faults}
    """
    _check("subset", subset, ("train", "test", "all"))
    root = _only_folder(fetch(_SPOKEN_DIGITS, data_home, archive), "recordings")
    rows = []
    for path in sorted((root / "recordings").glob("*_*_*.wav")):
        digit, speaker, take = path.stem.split("_")
        if subset in ("all", "test" if int(take) < _TEST_TAKES else "train"):
            rows.append((str(path), digit, speaker))
    return _bunch(rows, f"Free Spoken Digit Dataset, {subset}. {_DESCR['spoken_digits']}")


@fill_docstring(where=_WHERE, faults=_FAULTS)
def fetch_yesno(*, subset="all", data_home=None, archive=None):
    """60 recordings of eight Hebrew words each, yes or no, by one man, 8 kHz, 5 MB (OpenSLR 1).

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="all"
        The first 30 by name are for training, as in Kaldi's recipe.
    {where}

    Returns
    -------
    speech : Bunch
        ``data``, ``target`` (sentences), ``groups``, ``target_names`` and ``DESCR`` as of `load_speech_folder`.

    Raises
    ------
    {faults}
    """
    _check("subset", subset, ("train", "test", "all"))
    root = _only_folder(fetch(_YESNO, data_home, archive), "waves_yesno", inside=True)
    paths = [path for path in sorted(root.glob("*.wav")) if re.fullmatch(r"[01](_[01])*", path.stem)]
    half = len(paths) // 2
    paths = {"train": paths[:half], "test": paths[half:], "all": paths}[subset]
    texts = [" ".join("yes" if digit == "1" else "no" for digit in path.stem.split("_")) for path in paths]
    rows = [(str(path), text, "s0") for path, text in zip(paths, texts, strict=True)]
    return _bunch(rows, f"yesno, {subset}. {_DESCR['yesno']}")


@fill_docstring(where=_WHERE, faults=_FAULTS)
def fetch_librispeech(*, subset="dev-clean", data_home=None, archive=None):
    """LibriSpeech: English books read aloud, with their sentences, 16 kHz; 0.3 GB to 30 GB.

    Parameters
    ----------
    subset : str, default="dev-clean"
        "dev-clean", "dev-other", "test-clean", "test-other", "train-clean-100", "train-clean-360" or
        "train-other-500"; no speaker is in two of them.
    {where}

    Returns
    -------
    speech : Bunch
        ``data``, ``target`` (sentences), ``groups``, ``target_names`` and ``DESCR`` as of `load_speech_folder`.

    Raises
    ------
    {faults}

    References
    ----------
    V. Panayotov et al., LibriSpeech: An ASR Corpus Based on Public Domain Audio Books, ICASSP 2015.
    """
    _check("subset", subset, _LIBRISPEECH)
    file = f"{subset}.tar.gz"
    source = Archive(f"https://www.openslr.org/resources/12/{file}", _LIBRISPEECH[subset], f"librispeech-{file}")
    root = _only_folder(fetch(source, data_home, archive), subset, inside=True)
    speech = load_speech_folder(root, target="text")
    speakers = [Path(path).relative_to(root).parts[0] for path in speech.data]
    rows = list(zip(speech.data.tolist(), speech.target.tolist(), speakers, strict=True))
    return _bunch(rows, f"LibriSpeech, {subset}. {_DESCR['librispeech']}")


def fetch_arabic_speech_commands(*, archive, data_home=None):
    """Arabic Speech Commands: 40 words by 30 speakers, a second each at 16 kHz.

    It is taken from an archive or a folder, because that of the source has no digest to be checked by: see
    https://github.com/abdulkaderghandoura/arabic-speech-commands-dataset.

    Parameters
    ----------
    archive : str or PathLike
        The archive, or the unpacked folder.
    data_home : str, PathLike or None, default=None
        Where an archive is unpacked; None is what SKLSPEECH_HOME names, or ``~/sklspeech_data``.

    Returns
    -------
    speech : Bunch
        ``data``, ``target``, ``groups``, ``target_names`` and ``DESCR`` as of `load_speech_folder`.

    Raises
    ------
    ValueError
        The archive is none of this data set.
    """
    root = fetch(Archive("", "", ""), data_home, archive)
    paths = sorted(path for path in root.rglob("*_NO_*.*") if path.suffix in (".wav", ".flac"))
    rows = [(str(path), path.parent.name, path.name.partition("_NO_")[0]) for path in paths]
    return _bunch(rows, f"Arabic Speech Commands. {_DESCR['arabic_speech_commands']}", root)


def fetch_common_voice(*, archive, subset="train", data_home=None):
    """Mozilla Common Voice: sentences read by volunteers, MP3; one language an archive.

    Its archives are had from Mozilla alone, after consent: https://datacollective.mozillafoundation.org.

    Parameters
    ----------
    archive : str or PathLike
        The archive of a language, or the unpacked folder.
    subset : str, default="train"
        "train", "dev" or "test", which share no speakers; "validated" or "other".
    data_home : str, PathLike or None, default=None
        Where an archive is unpacked; None is what SKLSPEECH_HOME names, or ``~/sklspeech_data``.

    Returns
    -------
    speech : Bunch
        ``data``, ``target`` (sentences), ``groups``, ``target_names`` and ``DESCR`` as of `load_speech_folder`.

    Raises
    ------
    ValueError
        The archive is none of Common Voice, or has no such subset.
    """
    _check("subset", subset, ("train", "dev", "test", "validated", "other"))
    root = fetch(Archive("", "", ""), data_home, archive)
    tables = sorted(root.rglob(f"{subset}.tsv"))
    if len(tables) != 1:
        raise ValueError(f"{root} must have one {subset}.tsv, of one language, got {len(tables)}")
    with open(tables[0], newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    clips = tables[0].parent / "clips"
    rows = [(str(clips / line["path"]), line["sentence"], line["client_id"]) for line in lines]
    missing = [path for path, _, _ in rows if not Path(path).is_file()]
    if missing:
        raise ValueError(f"{tables[0]} names {len(missing)} files that do not exist, such as {missing[0]}")
    return _bunch(rows, f"Common Voice, {tables[0].parent.name}, {subset}. {_DESCR['common_voice']}", root)


def _check(name, value, known):
    if value not in known:
        raise ValueError(f"{name} must be one of {list(known)}, got {value!r}")


def _only_folder(root, name, *, inside=False):
    """The folder below an unpacked archive that holds what it is known by, or (inside) is it."""
    found = [path for path in [root / name, *sorted(root.glob(f"*/{name}"))] if path.exists()]
    if inside and root.name == name:
        return root
    if not found:
        raise ValueError(f"{root} has no {name}: it is none of this data set")
    return found[0] if inside else found[0].parent


def _lines(path):
    return path.read_text(encoding="utf-8").split()


def _bunch(rows, description, root=""):
    if not rows:
        raise ValueError(f"{root or 'the archive'} has no recordings of this data set")
    data, target, groups = (np.array(column) for column in zip(*rows, strict=True))
    names = sorted(set(target.tolist()))
    counts = f"{len(rows)} recordings by {len(set(groups.tolist()))} speakers."
    return Bunch(data=data, target=target, groups=groups, target_names=names, DESCR=f"{description}\n{counts}")


_DESCR = {
    "speech_commands": "Licence CC BY 4.0. P. Warden, Speech Commands: A Dataset for Limited-Vocabulary Speech "
    "Recognition, arXiv:1804.03209, 2018.",
    "spoken_digits": "Licence CC BY-SA 4.0. Z. Jackson et al., Jakobovski/free-spoken-digit-dataset v1.0.9, 2018, "
    "doi:10.5281/zenodo.1342401.",
    "yesno": "In the public domain. OpenSLR 1, https://www.openslr.org/1.",
    "librispeech": "Licence CC BY 4.0. V. Panayotov et al., LibriSpeech: An ASR Corpus Based on Public Domain Audio "
    "Books, ICASSP 2015.",
    "arabic_speech_commands": "Licence CC BY 4.0. A. Ghandoura et al., Building and Benchmarking an Arabic Speech "
    "Commands Dataset for Small-Footprint Keyword Spotting, Engineering Applications of AI 102, 2021.",
    "common_voice": "Licence CC0. R. Ardila et al., Common Voice: A Massively-Multilingual Speech Corpus, LREC 2020.",
}
