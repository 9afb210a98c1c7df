"""Formats that phones and browsers record in and libsndfile does not read, decoded by PyAV where it is installed."""

import os
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..errors import AudioError

#: Endings of such files.
ENDINGS = frozenset({".m4a", ".mp4", ".m4b", ".mov", ".3gp", ".webm", ".mka", ".mkv", ".aac", ".amr", ".wma"})
_TOLERATED = 0.25  # seconds by which headers are longer than what is decoded, for the delay of encoders
_MARKS = {  # what a file begins with, and from which byte on
    "MPEG-4": (4, b"ftyp"),
    "WebM or Matroska": (0, b"\x1a\x45\xdf\xa3"),
    "AMR": (0, b"#!AMR"),
    "Windows Media": (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
}


def format_of(head):
    """The name of such a format, or None.

    Parameters
    ----------
    head : bytes
        The first 16 of the file.

    Returns
    -------
    name : str or None
    """
    for name, (start, mark) in _MARKS.items():
        if head[start : start + len(mark)] == mark:
            return name
    is_adts = len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0
    return "AAC" if is_adts else None


def can_decode():
    """Whether PyAV is installed.

    Returns
    -------
    can : bool
    """
    return find_spec("av") is not None


def read_with_av(path, name, descriptor, span):
    """Decode a part of such a file.

    Parameters
    ----------
    path : str
        For the error.
    name : str
        Of the format.
    descriptor : int
        The open file.
    span : Span
        What to read.

    Returns
    -------
    samples : ndarray of shape (n_samples, n_channels), float32
    sample_rate : int
    n_frames : int
        Frames that were decoded until the span ended.

    Raises
    ------
    AudioError
        PyAV is not installed, there is not one audio stream, or it cannot be decoded.
    """
    with _opened(path, name, descriptor) as container:
        rate = container.streams.audio[0].codec_context.sample_rate
        expected = int(_told_duration(container) * rate)
        first, count = span.frames(rate)
        stop = None if count is None else first + count
        blocks, n_frames = [], 0
        for frame in container.decode(audio=0):
            blocks.append(_samples(frame))
            n_frames += len(blocks[-1])
            if n_frames <= first:
                blocks.pop()
            if stop is not None and n_frames >= stop:
                break
    is_all = stop is None or n_frames < stop
    if is_all and n_frames < expected - int(_TOLERATED * rate):
        raise AudioError(path, f"is damaged or truncated: {n_frames} samples, its header says {expected}")
    if not blocks:
        raise AudioError(path, "has no samples")
    if len({block.shape[1] for block in blocks}) > 1:
        raise AudioError(path, "changes its number of channels")
    begin = n_frames - sum(map(len, blocks))
    return np.concatenate(blocks)[first - begin : None if stop is None else stop - begin], rate, max(n_frames, expected)


def duration_with_av(path, name, descriptor):
    """Seconds of such a file; parameters and errors are those of `read_with_av`."""
    with _opened(path, name, descriptor) as container:
        if duration := _told_duration(container):
            return duration
        rate = container.streams.audio[0].codec_context.sample_rate
        return sum(frame.samples for frame in container.decode(audio=0)) / rate


def _told_duration(container):
    """Seconds by the header, or 0."""
    stream = container.streams.audio[0]
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / 1e6


@contextmanager
def _opened(path, name, descriptor):
    if not can_decode():
        wav = os.path.splitext(path)[0] + ".wav"
        raise AudioError(
            path,
            f"is a {name} file, which needs PyAV: pip install 'sklspeech[av]'. Or convert it: ffmpeg -i {path} {wav}",
        )
    import av

    # Titles that are no UTF-8 are no reason to refuse a recording; from 19 on PyAV does so by itself.
    options: Any = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        with os.fdopen(os.dup(descriptor), "rb") as file, av.open(file, **options) as container:
            n_streams = len(container.streams.audio)
            if n_streams != 1:
                raise AudioError(path, f"holds {n_streams} audio streams, expected 1")
            if getattr(container.streams.audio[0].codec_context, "sample_rate", 0) < 1:
                raise AudioError(path, "is damaged: it does not say how it is encoded")
            yield container
    except AudioError:
        raise
    except (av.FFmpegError, OSError, ValueError) as error:  # ValueError: metadata that is no text
        raise AudioError(path, f"cannot be decoded, it is damaged or truncated ({error})") from error


def _samples(frame):
    """Samples of a decoded frame, (n_samples, n_channels), float32 in [-1, 1]."""
    array = frame.to_ndarray()
    if not frame.format.is_planar:
        array = array.reshape(-1, frame.layout.nb_channels).T
    if array.dtype.kind == "i":
        array = array / -float(np.iinfo(array.dtype).min)
    elif array.dtype.kind == "u":
        array = (array - 128.0) / 128.0
    return np.ascontiguousarray(array.T, dtype=np.float32)
