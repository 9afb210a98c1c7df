"""Frames of MPEG audio, counted by their headers (ISO/IEC 11172-3, 13818-3).

libsndfile believes the first frame of a file, or a Xing header. Where the bit rate varies and there is no such header,
it takes a guess for the length, and reads too little.
"""

import struct
from typing import NamedTuple

from ..errors import AudioError

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by version: 1, 2, 2.5
_OF_VERSION_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_BITRATES = {  # kbit/s, by the bits of version (1 or not) and layer: 3 is layer 1
    (True, 3): tuple(range(32, 449, 32)),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): _OF_VERSION_2,
    (False, 1): _OF_VERSION_2,
}
_DECODER_DELAY = 529  # samples of layer 3
_PLACE_OF_DELAY = 33  # bytes from a Xing header with one number, in LAME's addition to it
_SEARCHED = 2**16  # bytes in which the next frame is looked for at once


class Frame(NamedTuple):
    """What the header of a frame says; `length` in bytes."""

    version: int
    layer: int
    sample_rate: int
    n_samples: int
    length: int

    @property
    def kind(self):
        """What all frames of a stream share."""
        return self[:4]


class Stream(NamedTuple):
    """The frames of a file.

    `has_xing` tells that the first one holds a Xing header, and is not counted; `is_cut` that the last one is not
    whole, and is not counted. `start` and `end` are bytes.
    """

    frame: Frame
    n_frames: int
    has_xing: bool
    start: int
    end: int
    is_cut: bool

    @property
    def n_samples(self):
        """Samples of all frames."""
        return self.n_frames * self.frame.n_samples


def find_stream(path, content, max_samples=None):
    """Count the frames of a file.

    Parameters
    ----------
    path : str
        For the error.
    content : FileBytes
    max_samples : int or None, default=None
        Frames beyond are not counted.

    Returns
    -------
    stream : Stream or None
        None where there are no frames whose length their header tells.

    Raises
    ------
    AudioError
        The sample rate changes within the file.
    """
    start = _next_frame(content, _after_tags(content, 0), None)
    first = None if start is None else _frame(content[start : start + 4])
    if first is None:
        return None
    has_xing = _has_xing(content[start : start + first.length])
    position, n_frames, is_cut = start + first.length * has_xing, 0, False
    while max_samples is None or n_frames * first.n_samples < max_samples:
        frame = _frame(content[position : position + 4])
        if frame is None or frame.kind != first.kind:
            found = _next_frame(content, _after_tags(content, position), first)
            if found is None:
                break
            position = found
            continue
        if position + frame.length > len(content):
            is_cut = True
            break
        position += frame.length
        n_frames += 1
    if frame is not None and frame.sample_rate != first.sample_rate and _is_frame(content, position, frame):
        raise AudioError(path, f"changes its sample rate from {first.sample_rate} to {frame.sample_rate} Hz")
    return Stream(first, n_frames, has_xing, start, position, is_cut)


def with_length(stream, content):
    """A file of the same frames behind a Xing header that tells their number, which libsndfile believes.

    Decoders drop the delay of encoder and decoder from the beginning where there is such a header. It is told to be a
    frame, and a silent frame is put there to be dropped: all samples stay, and where they were.

    Parameters
    ----------
    stream : Stream
    content : FileBytes

    Returns
    -------
    repaired : bytes
    """
    if stream.has_xing:
        return _with_new_number(stream, content)
    head = bytearray(content[stream.start : stream.start + 4])
    head[1] |= 1  # no checksum
    head[2] = 0x90 | head[2] & 0x0C  # a bit rate whose frame has room for the header, without padding
    silence = bytearray(_frame(head).length)
    silence[:4] = head
    info, place = silence.copy(), _place_of_xing(head)
    info[place : place + 16] = b"Xing" + struct.pack(">II", 1, stream.n_frames + 1) + b"LAME"
    delay = stream.frame.n_samples - _DECODER_DELAY
    info[place + _PLACE_OF_DELAY : place + _PLACE_OF_DELAY + 3] = (delay << 12).to_bytes(3, "big")
    return bytes(info + silence) + content[stream.start : stream.end]


def _with_new_number(stream, content):
    """The file with another number in its Xing header, which may tell the delay as well."""
    frames = bytearray(content[stream.start : stream.end])
    place = _place_of_xing(frames[:4])
    frames[place + 8 : place + 12] = struct.pack(">I", stream.n_frames)
    return bytes(frames)


def _frame(head):
    """The frame that four bytes begin, or None."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer, bitrate, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 0 or bitrate in (0, 15) or rate == 3:
        return None
    is_first = version == 3
    bits = 1000 * _BITRATES[is_first, layer][bitrate - 1]
    sample_rate, padding = _RATES[version][rate], head[2] >> 1 & 1
    if layer == 3:
        return Frame(version, layer, sample_rate, 384, 4 * (12 * bits // sample_rate + padding))
    n_samples = 576 if layer == 1 and not is_first else 1152
    return Frame(version, layer, sample_rate, n_samples, n_samples // 8 * bits // sample_rate + padding)


def _is_frame(content, position, frame):
    """Whether another frame of the kind follows, or the end of the file."""
    following = _frame(content[position + frame.length : position + frame.length + 4])
    return (following is not None and following.kind == frame.kind) or position + frame.length == len(content)


def _next_frame(content, position, like):
    """The next place where a frame begins and another one follows, or None."""
    while position < len(content):
        some = content[position : position + _SEARCHED]
        place = some.find(b"\xff")
        while place >= 0:
            frame = _frame(some[place : place + 4])
            is_alike = frame is not None and (like is None or frame.kind == like.kind)
            if is_alike and _is_frame(content, position + place, frame):
                return position + place
            place = some.find(b"\xff", place + 1)
        position += max(1, len(some) - 3)  # a header may lie across
    return None


def _after_tags(content, position):
    """The first byte behind ID3 and APE tags."""
    while True:
        head = content[position : position + 16]
        if head[:3] == b"ID3" and len(head) >= 10:
            flags, size = head[5], head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
            position += 10 + size + (10 if flags & 0x10 else 0)
        elif head[:8] == b"APETAGEX":
            position += 32 + int.from_bytes(head[12:16], "little")
        elif head[:3] == b"TAG":
            position += 128
        else:
            return position


def _place_of_xing(head):
    """Where in a frame of layer 3 a Xing header is: behind the side information."""
    is_first, is_mono = head[1] >> 3 & 3 == 3, head[3] >> 6 == 3
    return 4 + ((17 if is_mono else 32) if is_first else (9 if is_mono else 17))


def _has_xing(frame):
    place = _place_of_xing(frame)
    return frame[place : place + 4] in (b"Xing", b"Info") and bool(frame[place + 7] & 1)
