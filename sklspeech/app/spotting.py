"""The commands spot and listen: words in long recordings, and in what a microphone hears."""

import sys
import time

from ..errors import AudioError
from .console import list_recordings, load_model, print_json, shown

_STDIN = "-"


def spot(args):
    """Print the words that are found in recordings.

    Parameters
    ----------
    args : argparse.Namespace

    Returns
    -------
    code : int
    """
    paths = list_recordings(args.files)
    if (args.srt or args.audacity) and len(paths) > 1:
        raise ValueError(f"--srt and --audacity are for one recording, got {len(paths)}")
    spotter = _spotter(args)
    failed = 0
    for path in paths:
        try:
            _show_all(path, spotter.detect_stream(_stream(path, spotter.sample_rate_)), args)
        except AudioError as error:
            print(f"sklspeech spot: error: {shown(error)}", file=sys.stderr)
            failed += 1
    return 1 if failed else 0


def listen(args):
    """Print the words that a microphone hears, until it is interrupted.

    Parameters
    ----------
    args : argparse.Namespace

    Returns
    -------
    code : int
    """
    from ..audio.stream import AudioStream

    spotter = _spotter(args)
    device = int(args.device) if args.device and args.device.isdecimal() else args.device
    blocks = AudioStream.of_microphone(device, spotter.sample_rate_)
    print("listening; Ctrl-C ends it", file=sys.stderr, flush=True)
    for hit in spotter.detect_stream(blocks):
        if args.json:
            print_json({"time": time.time(), **hit._asdict()})
        else:
            print(f"{time.strftime('%H:%M:%S')}\t{shown(hit.label)}\t{hit.score:.2f}", flush=True)
    return 0


def _spotter(args):
    """The spotter of a file, or one around a recognizer."""
    from .recognition import spotter_of

    model = load_model(args.model)
    if (not hasattr(model, "detect") and not hasattr(model, "predict_proba")) or hasattr(model, "predict_words"):
        raise ValueError(f"{args.model} is a model of sentences, expected one of labels")
    return spotter_of(model, args.threshold)


def _stream(path, sample_rate):
    from ..audio.stream import AudioStream

    if path == _STDIN:
        return AudioStream.of_pcm(sys.stdin.buffer, sample_rate, sample_rate=sample_rate)
    return AudioStream(path, sample_rate)


def _show_all(path, hits, args):
    for number, hit in enumerate(hits, 1):
        if args.json:
            print_json({"file": path, **hit._asdict()})
        elif args.srt:
            print(f"{number}\n{_srt_time(hit.start)} --> {_srt_time(hit.end)}\n{shown(hit.label)}\n", flush=True)
        elif args.audacity:
            print(f"{hit.start:.3f}\t{hit.end:.3f}\t{shown(hit.label)}", flush=True)
        else:
            times = f"{hit.start:.2f}\t{hit.end:.2f}"
            print(f"{shown(path)}\t{times}\t{shown(hit.label)}\t{hit.score:.2f}", flush=True)


def _srt_time(seconds):
    milliseconds = round(1000 * seconds)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02},{rest % 1000:03}"
