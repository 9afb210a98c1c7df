"""AudioStream: a recording, raw samples or a microphone, block by block."""

import os
import queue

import numpy as np
import soxr

from .._runtime.requirements import require_extra
from ..errors import AudioError
from .levels import ChannelMixer, check_samples
from .reading import RATES, read_blocks
from .waveforms import as_float, fit_length

_BYTES = 2  # of a raw sample, 16-bit little-endian
_MOST_WAITING = 100  # blocks of a microphone that nobody has taken yet


class AudioStream:
    """Waveforms block by block, of a recording, of raw samples or of a microphone: never all of it is in memory.

    A stream can be iterated over once.

    Parameters
    ----------
    source : str or PathLike
        A recording as `sklspeech.audio.read_waveform` takes it. Formats that PyAV decodes are read whole.
    sample_rate : int, default=16000
        Hertz of the blocks.
    block_duration : float, default=1.0
        Seconds of a block, about.

    Raises
    ------
    AudioError
        A rate is out of range; in the iteration: the recording cannot be read, or ends before its header says. That
        channels cancelled each other is known, and said, at the end.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import soundfile
    >>> from sklspeech.audio import AudioStream
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/hum.wav", np.sin(np.arange(40_000) / 10), 16_000)
    ...     [len(block) for block in AudioStream(f"{folder}/hum.wav")]
    [16000, 16000, 8000]
    """

    def __init__(self, source, sample_rate=16000, block_duration=1.0):
        self._prepare(os.fspath(source), sample_rate, block_duration)
        self._blocks = read_blocks(source, block_duration)

    def _prepare(self, name, sample_rate, block_duration):
        _check_rate(name, sample_rate)
        if not block_duration > 0:
            raise ValueError(f"block_duration must be above 0 s, got {block_duration!r}")
        self.name, self.sample_rate = name, sample_rate

    @classmethod
    def of_pcm(cls, file, rate=16000, n_channels=1, sample_rate=16000, block_duration=1.0):
        """Raw 16-bit little-endian samples, as recorders write them to a pipe.

        Parameters
        ----------
        file : binary file object
            Such as ``sys.stdin.buffer``. It is read until its end.
        rate : int, default=16000
            Hertz of its samples.
        n_channels : int, default=1
            Channels, one sample of each after the other.
        sample_rate : int, default=16000
            Hertz of the blocks.
        block_duration : float, default=1.0
            Seconds of a block, about.

        Returns
        -------
        stream : AudioStream
        """
        stream = cls.__new__(cls)
        name = str(getattr(file, "name", "raw samples"))
        stream._prepare(name, sample_rate, block_duration)
        _check_rate(name, rate)
        if not 1 <= n_channels <= 64:
            raise ValueError(f"n_channels must be from 1 to 64, got {n_channels!r}")
        stream._blocks = _pcm_blocks(file, rate, n_channels, max(1, round(block_duration * rate)))
        return stream

    @classmethod
    def of_microphone(cls, device=None, sample_rate=16000, block_duration=0.1):
        """A microphone, by sounddevice (``pip install 'sklspeech[microphone]'``); it ends with the iteration.

        Parameters
        ----------
        device : int, str or None, default=None
            One of ``sounddevice.query_devices()``; None is the system's own.
        sample_rate : int, default=16000
            Hertz of the blocks.
        block_duration : float, default=0.1
            Seconds of a block.

        Returns
        -------
        stream : AudioStream

        Raises
        ------
        ModuleNotFoundError
            sounddevice is not installed.
        AudioError
            There is no microphone, or it cannot be opened.
        """
        require_extra("a microphone", "microphone", "sounddevice")
        stream = cls.__new__(cls)
        stream._prepare("microphone", sample_rate, block_duration)
        stream._blocks = _microphone_blocks(device, sample_rate, max(1, round(block_duration * sample_rate)))
        return stream

    def __iter__(self):
        try:
            yield from self._waveforms()
        finally:
            self._blocks.close()  # also where whoever iterates stops before the end

    def _waveforms(self):
        resampler, n_read, n_given, mixer = None, 0, 0, ChannelMixer()
        for samples, rate in self._blocks:
            waveform = mixer.mix(samples)
            n_read += len(waveform)
            if rate != self.sample_rate and resampler is None:
                resampler = soxr.ResampleStream(rate, self.sample_rate, 1, dtype="float32", quality="HQ")
            if resampler is not None:
                waveform = resampler.resample_chunk(waveform)
            if len(waveform):
                n_given += len(waveform)
                yield np.ascontiguousarray(waveform)
        if resampler is not None:
            n_samples = -(-n_read * self.sample_rate // rate) - n_given  # as many as of the whole recording at once
            rest = fit_length(resampler.resample_chunk(np.empty(0, np.float32), last=True), n_samples)
            if len(rest):
                yield rest
        mixer.check(self.name)


def _check_rate(name, rate):
    if not RATES[0] <= rate <= RATES[1]:
        raise AudioError(name, f"a sample rate of {rate} Hz was asked for, expected {RATES[0]} to {RATES[1]}")


def _pcm_blocks(file, rate, n_channels, n_at_once):
    """(samples of shape (n, n_channels), rate); a pipe may give fewer bytes than asked for."""
    n_bytes = _BYTES * n_channels
    read = getattr(file, "read1", file.read)
    rest = b""
    while content := read(n_at_once * n_bytes):
        content = rest + content
        n_whole = len(content) // n_bytes * n_bytes
        content, rest = content[:n_whole], content[n_whole:]
        if content:
            yield as_float(np.frombuffer(content, "<i2")).reshape(-1, n_channels), rate


def _microphone_blocks(device, rate, n_at_once):
    try:
        import sounddevice
    except OSError as error:  # PortAudio, which it wraps, is missing
        raise AudioError("microphone", f"cannot be opened ({error})") from error

    waiting: queue.Queue = queue.Queue(_MOST_WAITING)

    def keep(samples, n_frames, time, status):
        if not waiting.full():  # else whoever takes the blocks is too slow, and the newest are lost
            waiting.put(samples.copy())

    try:
        stream = sounddevice.InputStream(rate, n_at_once, device, 1, "float32", callback=keep)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise AudioError("microphone", f"cannot be opened ({error})") from error
    with stream:
        while True:
            samples = waiting.get()
            check_samples(samples, "microphone")
            yield samples, rate
