"""Recordings and their sentences, in the forms that speech comes in: tables of JSON, Kaldi, LibriSpeech, text files.

- JSON lines: ``{"audio_filepath": ..., "text": ..., "speaker": ...}`` a line, as NeMo has them;
- Kaldi: ``wav.scp`` and ``text``, and where it is there ``utt2spk``; each line has the name of an utterance first;
- LibriSpeech: ``*.trans.txt`` in every folder, whose lines have the name of a recording first, speaker-chapter-number;
- a ``.txt`` beside each recording, of the same name.
"""

import json

from ..audio.folders import list_folder

_SHOWN = 5


def has_texts(root):
    """Whether a folder has sentences in one of these forms, but those of files beside recordings, which may be notes.

    Parameters
    ----------
    root : Path

    Returns
    -------
    has_texts : bool
    """
    is_kaldi = (root / "wav.scp").is_file() and (root / "text").is_file()
    return is_kaldi or _json_lines(root) is not None or next(root.rglob("*.trans.txt"), None) is not None


def read_texts(root, manifest=None):
    """Read the sentences of the recordings under a folder.

    Parameters
    ----------
    root : Path
    manifest : Path or None, default=None
        JSON lines; None takes ``root/manifest.jsonl`` or ``.json``, if there is one, and else looks for other forms.

    Returns
    -------
    rows : list of (str, str, str)
        Path, sentence, speaker or "".

    Raises
    ------
    ValueError
        There are no sentences, a recording or a sentence is missing, or a table is in disorder.
    """
    lines = manifest or _json_lines(root)
    if lines is not None:
        return _from_json_lines(root, lines)
    if (root / "wav.scp").is_file():
        return _from_kaldi(root)
    transcripts = sorted(root.rglob("*.trans.txt"))
    return _from_librispeech(transcripts) if transcripts else _from_files_beside(root)


def _json_lines(root):
    return next((root / name for name in ("manifest.jsonl", "manifest.json") if (root / name).is_file()), None)


def _from_json_lines(root, path):
    rows = []
    for number, line in _lines(path):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path} has no JSON in line {number}: {error}") from error
        if not isinstance(entry, dict) or not all(isinstance(entry.get(k), str) for k in ("audio_filepath", "text")):
            raise ValueError(f"{path} has no audio_filepath and text, both str, in line {number}")
        speaker = entry.get("speaker", "")
        rows.append((_existing(root / entry["audio_filepath"], path, number), entry["text"], str(speaker)))
    return _checked(rows, path)


def _from_kaldi(root):
    recordings, texts = _table(root / "wav.scp"), _table(root / "text")
    speakers = _table(root / "utt2spk") if (root / "utt2spk").is_file() else {}
    piped = [name for name, (_, path) in recordings.items() if path.endswith("|")]
    if piped:
        raise ValueError(f"{root / 'wav.scp'} has commands, which are not run, such as that of {piped[0]!r}")
    lacking = sorted(recordings.keys() ^ texts.keys())
    if lacking:
        raise ValueError(f"wav.scp and text in {root} differ in their utterances: {lacking[:_SHOWN]}")
    rows = []
    for name, (number, path) in recordings.items():
        speaker = speakers.get(name, (0, ""))[1]
        rows.append((_existing(root / path, root / "wav.scp", number), texts[name][1], speaker))
    return _checked(rows, root / "text")


def _from_librispeech(transcripts):
    rows = []
    for transcript in transcripts:
        recordings = {name.stem: name for name in list_folder(transcript.parent).recordings}
        for name, (number, text) in _table(transcript).items():
            if name not in recordings:
                raise ValueError(f"{transcript} names {name} in line {number}, of which there is no recording")
            rows.append((str(transcript.parent / recordings[name]), text, name.split("-")[0] if "-" in name else ""))
    return _checked(rows, transcripts[0])


def _from_files_beside(root):
    recordings = [root / name for name in list_folder(root).recordings]
    lacking = [path for path in recordings if not path.with_suffix(".txt").is_file()]
    if lacking:
        raise ValueError(
            f"{len(lacking)} of {len(recordings)} recordings in {root} have no sentence: there is no manifest with a "
            f"column text, no wav.scp and text, no *.trans.txt, and no {lacking[0].with_suffix('.txt').name} beside "
            f"{lacking[0].name}"
        )
    rows = [(str(path), " ".join(_read(path.with_suffix(".txt")).split()), "") for path in recordings]
    return _checked(rows, root)


def _table(path):
    """Name to line number and the rest of the line."""
    found: dict[str, tuple[int, str]] = {}
    for number, line in _lines(path):
        name, _, rest = line.strip().partition(" ")
        if name in found:
            raise ValueError(f"{path} has {name!r} twice, in lines {found[name][0]} and {number}")
        found[name] = number, rest.strip()
    return found


def _lines(path):
    return [(number, line) for number, line in enumerate(_read(path).splitlines(), 1) if line.strip()]


def _read(path):
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}") from error


def _existing(path, table, number):
    if not path.is_file():
        raise ValueError(f"{table} names {path} in line {number}, which does not exist")
    return str(path)


def _checked(rows, source):
    empty = [path for path, text, _ in rows if not text.strip()]
    if empty or not rows:
        raise ValueError(f"{source} has no sentence for {empty[0]}" if empty else f"{source} has no sentences")
    if len({path for path, _, _ in rows}) < len(rows):
        raise ValueError(f"{source} has a recording more than once")
    return rows
