"""Speed and error of the features, beside what people write today and beside the floor.

    python benchmarks/features.py             every case, a few minutes on 2 cores; writes its tables into RESULTS.md
    python benchmarks/features.py --clips 200 --repeats 5

400 clips of one second of real speech (arabic20), as WAV at 16 kHz, WAV at 44.1 kHz and FLAC, and the same put together
to clips of ten seconds. Every contender runs once in every repeat, in turn and after a pause, over the same files; a
ratio is taken within a repeat, and its median is the result. The floor is to read the bytes of a file and to take one
real Fourier transform a frame, in float32. What sklspeech keeps of files that it has seen before is switched off. Both
sides raise what lies 50 dB below the loudest band to that floor, but where a case names another one: 80 dB is librosa's
default, pre-emphasis and 70 dB are sklspeech's.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # one thread, unless a contender asks for two

import joblib
import librosa
import numpy as np
import scipy.fft
import soundfile
import soxr
from _data import folder
from _results import write_table

from sklspeech import MelFeatures, MFCCFeatures, datasets
from sklspeech.features.row_cache import row_cache

SECOND = 16000
PAUSE = 0.2  # seconds in which what joblib's processes still do comes to its end
MEL = {"n_fft": 400, "hop_length": 160}


def write_clips(root, n_clips):
    """Paths of the same clips in every format."""
    speech = datasets.load_speech_folder(folder("arabic20"), split="val")
    chosen = speech.data[:: len(speech.data) // n_clips][:n_clips]
    seconds = [librosa.util.fix_length(librosa.load(path, sr=SECOND)[0], size=SECOND) for path in chosen]
    tens = [np.concatenate(seconds[i : i + 10]) for i in range(0, n_clips - n_clips % 10, 10)]
    return {
        "wav": write(root, seconds, "1_s.wav"),
        "wav 44.1 kHz": write(root, [soxr.resample(clip, SECOND, 44100) for clip in seconds], "44_kHz.wav", 44100),
        "wav 10 s": write(root, tens, "10_s.wav"),
        "flac": write(root, seconds, "1_s.flac"),
    }


def write(root, clips, end, rate=SECOND):
    """Paths of the clips, each in a file of its own."""
    paths = [str(root / f"{i:05}_{end}") for i in range(len(clips))]
    for path, clip in zip(paths, clips, strict=True):
        soundfile.write(path, clip, rate)
    return paths


def librosa_mel(clip, duration, preemphasis, n_mels, top_db):
    audio = librosa.load(clip, sr=SECOND)[0] if isinstance(clip, str) else clip
    audio = librosa.util.fix_length(audio, size=duration * SECOND)
    if preemphasis:
        audio = librosa.effects.preemphasis(audio, coef=preemphasis)
    mel = librosa.feature.melspectrogram(y=audio, sr=SECOND, n_mels=n_mels, **MEL)
    return librosa.power_to_db(mel, top_db=top_db).T


def librosa_mfcc(clip, **params):
    return librosa.feature.mfcc(S=librosa_mel(clip, **params).T, n_mfcc=20).T


def librosa_loop(clips, params, one):
    return np.stack([one(clip, **params) for clip in clips])


def librosa_joblib(clips, params, one):
    """Two processes, in pieces as large as can be."""
    halves = clips[: len(clips) // 2], clips[len(clips) // 2 :]
    loop = joblib.delayed(librosa_loop)
    return np.concatenate(joblib.Parallel(n_jobs=2)(loop(half, params, one) for half in halves))


def ours(clips, params, n_jobs, kind):
    return kind(**params, n_jobs=n_jobs, **MEL).fit_transform(clips)


def floor(clips, frames):
    for clip in clips:
        if isinstance(clip, str):
            with open(clip, "rb") as file:
                file.read()
        scipy.fft.rfft(frames, axis=1)


def kaldi(clips, n_mels):
    """Filter banks of kaldi-native-fbank: another mel scale, another window; for its speed alone."""
    import kaldi_native_fbank as knf

    options = knf.FbankOptions()
    options.mel_opts.num_bins = n_mels
    rows = []
    for clip in clips:
        audio = soundfile.read(clip, dtype="float32")[0] if isinstance(clip, str) else clip
        fbank = knf.OnlineFbank(options)
        fbank.accept_waveform(SECOND, audio)
        fbank.input_finished()
        rows.append(np.stack([fbank.get_frame(i) for i in range(fbank.num_frames_ready)]))
    return rows


def contenders(case, params):
    """Name to function of the clips."""
    mfcc = case.startswith("MFCC")
    kind, one = (MFCCFeatures, librosa_mfcc) if mfcc else (MelFeatures, librosa_mel)
    samples = np.zeros(params["duration"] * SECOND + 400, np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, 400)[::160].copy()
    chosen = {
        "sklspeech": lambda clips: ours(clips, params, None, kind),
        "sklspeech, n_jobs=2": lambda clips: ours(clips, params, 2, kind),
        "floor": lambda clips: floor(clips, frames),
        "librosa loop": lambda clips: librosa_loop(clips, params, one),
        "librosa, joblib n_jobs=2": lambda clips: librosa_joblib(clips, params, one),
    }
    # kaldi-native-fbank refuses 128 bands of so short a window.
    if not mfcc and params["n_mels"] == 40 and not params["preemphasis"] and "44.1" not in case:
        chosen["kaldi-native-fbank"] = lambda clips: kaldi(clips, params["n_mels"])
    return chosen


def measure(clips, functions, repeats):
    """Seconds of every contender, (n_repeats,) each, and what it returned."""
    results = {name: function(clips) for name, function in functions.items()}  # the warm-up
    seconds = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            time.sleep(PAUSE)
            start = time.perf_counter()
            function(clips)
            seconds[name].append(time.perf_counter() - start)
    return {name: np.array(values) for name, values in seconds.items()}, results


def spread(values, digits):
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{median:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def lines(case, seconds, results, n_clips):
    """The lines of one case."""
    for name, values in seconds.items():
        comparable = name.startswith("sklspeech")
        error = np.abs(results[name] - results["librosa loop"]).max() if comparable else None
        yield [
            case,
            name,
            spread(1e6 * values / n_clips, 0),
            spread(seconds["librosa loop"] / values, 1),
            spread(values / seconds["floor"], 1),
            f"{error:.0e}" if comparable else "",
        ]


def peak():
    """Most memory that this process ever had, in megabytes; ru_maxrss would be its parent's."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


def peak_memory(paths):
    """Megabytes that a transform of `paths` takes at its peak besides its result, and those of the result."""
    features = MelFeatures(duration=1.0, n_jobs=2).fit(paths[:1])
    features.transform(paths[:10])
    before = peak()
    n_megabytes = features.transform(paths).nbytes / 2**20
    return peak() - before - n_megabytes, n_megabytes


def measure_memory(root, paths):
    """20,000 names for the clips, in a process of its own."""
    for i in range(20_000):
        os.symlink(paths[i % len(paths)], root / f"link{i:05}.wav")
    command = [sys.executable, __file__, "--peak-of", str(root)]
    more, result = map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    print(f"peak of 20,000 clips: {more:.0f} MB besides the result of {result:.0f} MB")
    return more, result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=400, help="20 or more")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--peak-of", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peak_of:
        print(*peak_memory(sorted(map(str, args.peak_of.glob("link*")))))
        return
    row_cache.max_bytes = 0
    with tempfile.TemporaryDirectory() as root:
        paths = write_clips(Path(root), args.clips)
        waveforms = np.stack([librosa.load(path, sr=SECOND)[0] for path in paths["wav"]])
        mels_40 = {"duration": 1, "preemphasis": 0, "n_mels": 40, "top_db": 50}
        mels_128 = {**mels_40, "n_mels": 128}
        default = {"preemphasis": 0.97, "top_db": 70}
        cases = {
            "WAV, 40 mels": (paths["wav"], mels_40),
            "WAV, 128 mels": (paths["wav"], mels_128),
            "WAV, 128 mels, 80 dB": (paths["wav"], {**mels_128, "top_db": 80}),
            "WAV, 40 mels, pre-emphasis, 70 dB": (paths["wav"], {**mels_40, **default}),
            "WAV, 128 mels, pre-emphasis, 70 dB": (paths["wav"], {**mels_128, **default}),
            "WAV of 10 s, 40 mels": (paths["wav 10 s"], {**mels_40, "duration": 10}),
            "FLAC, 40 mels": (paths["flac"], mels_40),
            "WAV 44.1 kHz, 40 mels": (paths["wav 44.1 kHz"], mels_40),
            "waveforms, 40 mels": (waveforms, mels_40),
            "MFCC, WAV, 40 mels": (paths["wav"], mels_40),
            "MFCC, WAV, 128 mels": (paths["wav"], mels_128),
        }
        rows = []
        for case, (clips, params) in cases.items():
            rows += lines(case, *measure(clips, contenders(case, params), args.repeats), len(clips))
        more, result = measure_memory(Path(root), paths["wav"])
    remark = (
        f"`python benchmarks/features.py`: {args.clips} clips of 1 s or a tenth as many of 10 s, {args.repeats} "
        f"repeats, median (quartiles); a window of 400 samples every 160, SciPy {scipy.__version__}, 2 cores. 20,000 "
        f"clips by `MelFeatures(n_jobs=2)`: a peak of {more:.0f} MB besides the result of {result:.0f} MB."
    )
    columns = ["clips", "", "us a clip", "x faster than the librosa loop", "x the floor", "largest error, dB"]
    write_table("features", columns, rows, remark)


if __name__ == "__main__":
    main()
