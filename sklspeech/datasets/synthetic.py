"""make_spoken_words, make_spoken_sentences: a formant synthesizer, so that speech is at hand without a download.

A word is a sequence of phonemes, a phoneme a target for three formants, voicing and noise. Targets are joined smoothly,
a source of pulses and noise is filtered by the formants frame by frame, and a speaker is a pitch, a length of the vocal
tract and a pace. After D. H. Klatt, Software for a cascade/parallel formant synthesizer, JASA 1980; vowels from
G. E. Peterson and H. L. Barney, Control methods used in a study of the vowels, JASA 1952.
"""

import csv
from pathlib import Path

import numpy as np
import soundfile
from sklearn.utils import Bunch, check_random_state

from .phonemes import DIGITS, LEXICON, PHONEMES

_HOP = 80  # samples from one frame of the synthesis to the next: 5 ms at 16 kHz
_FRAME = 320
_BANDWIDTHS = np.array([70.0, 100.0, 140.0, 250.0])  # Hz, of the formants


def make_spoken_words(
    words=DIGITS, *, n_speakers=10, n_takes=5, snr_db=30.0, sample_rate=16000, folder=None, random_state=None
):
    """Make recordings of words by speakers who do not exist.

    Parameters
    ----------
    words : sequence of str, or dict of str to str, default=DIGITS
        Words of `LEXICON`; or words with their phonemes in ARPAbet, such as ``{"hello": "HH AH L OW"}``.
    n_speakers : int, default=10
        Speakers differ in pitch, vocal-tract length, pace and voice.
    n_takes : int, default=5
        How often every speaker says every word, never the same way.
    snr_db : float or None, default=30.0
        Level of the speech above the noise of the room, in decibels; None is no noise.
    sample_rate : int, default=16000
        Hertz, 1000 or more.
    folder : str, PathLike or None, default=None
        Where to write the recordings, as ``word/speaker_take.wav``; None returns waveforms.
    random_state : int, RandomState or None, default=None
        An int gives the same recordings every time.

    Returns
    -------
    speech : Bunch
        - data : list of n float32 waveforms, or, with `folder`, ndarray of shape (n,) of paths
        - target : ndarray of shape (n,), str; the words
        - groups : ndarray of shape (n,), str; the speakers
        - target_names : list of str
        - DESCR : str

    Raises
    ------
    ValueError
        A word is not in the lexicon, a phoneme is none of ARPAbet's, or a number is too small.

    Examples
    --------
    >>> from sklspeech import datasets
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=3, n_takes=2, random_state=0)
    >>> len(speech.data), speech.data[0].dtype, speech.target[:3].tolist(), speech.groups[0].item()
    (12, dtype('float32'), ['yes', 'yes', 'no'], 's00')
    """
    lexicon = _check_words(words)
    _check_numbers(n_speakers=n_speakers, n_takes=n_takes, sample_rate=sample_rate)
    random = check_random_state(random_state)
    speakers = [_Speaker(random) for _ in range(n_speakers)]
    spoken = [(s, word, take) for s in range(n_speakers) for word in lexicon for take in range(n_takes)]
    clips = [_speak(lexicon[word], speakers[s], snr_db, sample_rate, random) for s, word, _ in spoken]
    data = clips if folder is None else _write(Path(folder), spoken, clips, sample_rate)
    return Bunch(
        data=data,
        target=np.array([word for _, word, _ in spoken]),
        groups=np.array([f"s{s:02d}" for s, _, _ in spoken]),
        target_names=sorted(lexicon),
        DESCR=f"{len(clips)} synthetic recordings of {len(lexicon)} words by {n_speakers} speakers",
    )


def make_spoken_sentences(
    words=DIGITS,
    *,
    n_words=(2, 5),
    n_speakers=10,
    n_takes=20,
    snr_db=30.0,
    sample_rate=16000,
    folder=None,
    random_state=None,
):
    """Make recordings of sentences by speakers who do not exist: words drawn at random, with short pauses between them.

    Parameters
    ----------
    words : sequence of str, or dict of str to str, default=DIGITS
        Words of `LEXICON`; or words with their phonemes in ARPAbet, such as ``{"hello": "HH AH L OW"}``.
    n_words : tuple of (int, int), default=(2, 5)
        Words of the shortest and the longest sentence.
    n_speakers : int, default=10
        Speakers differ in pitch, vocal-tract length, pace and voice.
    n_takes : int, default=20
        Sentences that every speaker says.
    snr_db : float or None, default=30.0
        Level of the speech above the noise of the room, in decibels; None is no noise.
    sample_rate : int, default=16000
        Hertz, 1000 or more.
    folder : str, PathLike or None, default=None
        Where to write the recordings, as ``speaker_take.wav``, and ``manifest.csv`` with their sentences and speakers,
        which `load_speech_folder` reads; None returns waveforms.
    random_state : int, RandomState or None, default=None
        An int gives the same recordings every time.

    Returns
    -------
    speech : Bunch
        - data : list of n float32 waveforms, or, with `folder`, ndarray of shape (n,) of paths
        - target : ndarray of shape (n,), str; the sentences
        - groups : ndarray of shape (n,), str; the speakers
        - target_names : list of str; the sentences, sorted, once each
        - DESCR : str

    Raises
    ------
    ValueError
        A word is not in the lexicon, a phoneme is none of ARPAbet's, or a number is too small.

    Examples
    --------
    >>> from sklspeech import datasets
    >>> speech = datasets.make_spoken_sentences(["yes", "no"], n_speakers=2, n_takes=3, random_state=0)
    >>> len(speech.data), speech.target[0].item()
    (6, 'no yes no no')
    """
    lexicon = _check_words(words)
    shortest, longest = n_words
    _check_numbers(n_speakers=n_speakers, n_takes=n_takes, sample_rate=sample_rate, n_words=shortest)
    if longest < shortest:
        raise ValueError(f"n_words must be the smallest and the largest number of words, got {n_words!r}")
    random = check_random_state(random_state)
    speakers = [_Speaker(random) for _ in range(n_speakers)]
    clips, sentences, names = [], [], []
    for s, speaker in enumerate(speakers):
        for take in range(n_takes):
            chosen = [
                list(lexicon)[i] for i in random.randint(len(lexicon), size=random.randint(shortest, longest + 1))
            ]
            parts = [_speak(lexicon[word], speaker, snr_db, sample_rate, random) for word in chosen]
            clips.append(np.concatenate(parts))
            sentences.append(" ".join(chosen))
            names.append(f"s{s:02d}_{take}")
    groups = [name.split("_")[0] for name in names]
    data = clips if folder is None else _write_sentences(Path(folder), names, sentences, groups, clips, sample_rate)
    return Bunch(
        data=data,
        target=np.array(sentences),
        groups=np.array(groups),
        target_names=sorted(set(sentences)),
        DESCR=f"{len(clips)} synthetic recordings of sentences by {n_speakers} speakers",
    )


def _check_numbers(sample_rate, **numbers):
    for name, value, least in [
        *((name, value, 1) for name, value in numbers.items()),
        ("sample_rate", sample_rate, 1000),
    ]:
        if value < least:
            raise ValueError(f"Got {name}={value!r} but expected an integer of {least} or more")


def _write_sentences(folder, names, sentences, speakers, clips, sample_rate):
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "manifest.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["path", "text", "speaker"])
        table.writerows(
            (f"{name}.wav", text, speaker) for name, text, speaker in zip(names, sentences, speakers, strict=True)
        )
    for name, clip in zip(names, clips, strict=True):
        soundfile.write(folder / f"{name}.wav", clip, sample_rate, subtype="PCM_16")
    return np.array([str(folder / f"{name}.wav") for name in names])


def _check_words(words):
    """Word to list of phonemes."""
    if not isinstance(words, dict):
        unknown = [word for word in words if word not in LEXICON]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not in LEXICON ({', '.join(LEXICON)}); give its phonemes in a dict")
        words = {word: LEXICON[word] for word in words}
    if not words:
        raise ValueError("words is empty, expected one or more")
    lexicon = {word: phonemes.split() for word, phonemes in words.items()}
    for word, phonemes in lexicon.items():
        unknown = [phoneme for phoneme in phonemes if phoneme not in PHONEMES]
        if unknown or not phonemes:
            raise ValueError(f"{word!r} has the unknown phonemes {unknown}, expected some of {', '.join(PHONEMES)}")
    return lexicon


def _write(folder, spoken, clips, sample_rate):
    paths = [folder / word / f"s{s:02d}_{take}.wav" for s, word, take in spoken]
    for path, clip in zip(paths, clips, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, clip, sample_rate, subtype="PCM_16")
    return np.array([str(path) for path in paths])


class _Speaker:
    """Who speaks: drawn once, the same in all takes."""

    def __init__(self, random):
        tall = random.uniform()  # long vocal tracts go with low voices, loosely
        self.pitch = 95 * 2 ** (1.3 * (1 - tall) + random.normal(0, 0.12))  # Hz
        self.formant_scale = 1.0 + 0.2 * (1 - tall) + random.normal(0, 0.02)
        self.pace = random.uniform(0.8, 1.25)
        self.breath = random.uniform(0.01, 0.06)
        self.tilt = random.uniform(0.8, 1.2)  # exponent of the fall of the voice towards high frequencies
        self.accent = random.normal(1.0, 0.03, size=3)  # of the formants


def _speak(phonemes, speaker, snr_db, sample_rate, random):
    """One take of a word: (n_samples,), float32, peak below 1."""
    tracks = _tracks([p for name in phonemes for p in PHONEMES[name]], speaker, random)
    n_samples = len(tracks["voicing"]) * _HOP + _FRAME
    pulses, noise = _sources(tracks, speaker, n_samples, random)
    speech = _filter(pulses, noise, tracks, speaker)
    quiet = random.uniform(0.03, 0.15, size=2) * 16000  # before and after the word
    speech = np.pad(speech, quiet.astype(int))
    speech *= 10 ** (random.uniform(-20, -6) / 20) / np.abs(speech).max()
    if sample_rate != 16000:
        import soxr

        speech = soxr.resample(speech, 16000, sample_rate)
    if snr_db is not None:
        level = np.sqrt(np.mean(speech**2)) * 10 ** (-snr_db / 20)
        speech = speech + random.normal(0, level, size=len(speech))
    return np.clip(speech, -1, 1).astype(np.float32)


def _tracks(targets, speaker, random):
    """Formants, voicing and noise, frame by frame: every target held, the steps between them smoothed."""
    seconds = np.array([t.duration for t in targets]) / speaker.pace * random.uniform(0.85, 1.15, len(targets))
    lengths = np.maximum(2, np.round(seconds * 16000 / _HOP).astype(int))
    formants = np.array([t.formants for t in targets]) * speaker.accent * random.normal(1, 0.02, (len(targets), 3))
    fourth = np.full((len(targets), 1), 3500.0)
    held = {
        "formants": np.hstack([formants, fourth]) * speaker.formant_scale,
        "voicing": np.array([t.voicing for t in targets]),
        "noise": np.array([t.noise for t in targets]),
        "centre": np.array([t.band[0] for t in targets]),
        "width": np.array([t.band[1] for t in targets]),
    }
    tracks = {name: np.repeat(values, lengths, axis=0) for name, values in held.items()}
    tracks["formants"] = _smooth(tracks["formants"], 9)
    tracks["voicing"] = _smooth(tracks["voicing"], 5)
    tracks["noise"] = _smooth(tracks["noise"], 3)
    return tracks


def _smooth(track, width):
    """Moving average over `width` frames, the ends held."""
    flat = track.reshape(len(track), -1)
    padded = np.pad(flat, ((width // 2, width // 2), (0, 0)), mode="edge")
    columns = [np.convolve(column, np.ones(width) / width, mode="valid") for column in padded.T]
    return np.stack(columns, axis=1).reshape(track.shape)


def _sources(tracks, speaker, n_samples, random):
    """Glottal pulses, with a falling and trembling pitch, and white noise."""
    time = np.linspace(0, 1, n_samples)
    fall = random.uniform(0.1, 0.35)
    pitch = speaker.pitch * random.normal(1, 0.05) * (1 + fall * (0.5 - time))
    pitch *= 1 + 0.01 * np.sin(2 * np.pi * random.uniform(4, 7) * n_samples / 16000 * time + random.uniform(0, 6))
    cycles = np.floor(np.cumsum(pitch / 16000))
    pulses = np.diff(cycles, prepend=0.0)
    pulses *= random.normal(1, 0.05, n_samples)  # shimmer
    pulses *= np.sqrt(16000 / speaker.pitch)  # the same power at every pitch
    return pulses, random.normal(size=n_samples)


def _filter(pulses, noise, tracks, speaker):
    """Both sources through the vocal tract, frame by frame in the frequency domain, overlapped and added."""
    starts = np.arange(len(tracks["voicing"])) * _HOP
    index = starts[:, None] + np.arange(_FRAME)
    window = np.hanning(_FRAME + 1)[:-1]
    hz = np.fft.rfftfreq(2 * _FRAME, 1 / 16000)  # twice the frame, so that ringing does not wrap around
    voice, breath = (np.fft.rfft(source[index] * window, 2 * _FRAME) for source in (pulses, noise))
    tract = _resonances(hz, tracks["formants"])
    tilt = 1 / (1 + (hz / 500) ** speaker.tilt)
    voiced = (voice + speaker.breath * breath) * tilt * tract * tracks["voicing"][:, None]
    hiss = breath * _noise_band(hz, tracks, speaker, tract) * tracks["noise"][:, None]
    frames = np.fft.irfft(voiced + 0.3 * hiss, 2 * _FRAME)
    speech = np.zeros(len(pulses) + _FRAME)
    np.add.at(speech, starts[:, None] + np.arange(2 * _FRAME), frames)
    return speech


def _resonances(hz, formants):
    """Frequency response of the formants in cascade, (n_frames, n_bins)."""
    s = 2j * np.pi * hz
    pole = (np.pi * _BANDWIDTHS - 2j * np.pi * formants)[:, :, None]  # (n_frames, 4, 1), and its conjugate
    return np.prod(np.abs(pole) ** 2 / ((s + pole) * (s + np.conj(pole))), axis=1)


def _noise_band(hz, tracks, speaker, tract):
    """Where a fricative's noise lies; that of HH goes through the formants."""
    centre = tracks["centre"][:, None] * speaker.formant_scale**0.5
    width = np.maximum(tracks["width"], 1.0)[:, None]
    band = np.exp(-0.5 * ((hz - centre) / (0.5 * width)) ** 2)
    return np.where(centre > 0, band, tract * 0.3)
