"""A corpus that grows: time and memory of features, of an epoch of training and of scoring, 1,000 to 100,000 clips.

    python benchmarks/scale.py                      1,000 to 100,000 clips, and the table
    python benchmarks/scale.py --sizes 1000 3000    fewer

Clips of a second are made of fsdd and arabic20, at other speeds, so that no two are alike, and written as WAV files of
16 bits. Every figure is that of a process of its own: seconds, and the largest amount of memory that it has made (what
the system keeps of files, and can drop, is not counted). Features are written to disk and trained on from there. Where
the features of the largest corpus take more than a training needs anyway, the last row trains on them in a process that
may have no more memory than they take.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import soundfile
from _data import folder
from _results import write_table

from sklspeech import AudioLoader, audio, datasets

SIZES = [1000, 3000, 10_000, 30_000, 100_000]
RATE = 16_000
WORKERS = (1, 2)
NAMES = {"features": "features to disk", "epoch": "an epoch from disk", "score": "frozen, to a table"}
LEAST = 10**9  # bytes that a training takes with its libraries, of however few clips
TIMEOUT = 1800.0  # seconds
EPOCH = {"filters": (48,), "epochs": 1, "random_state": 0}


def make_corpus(root, n):
    """Files of a second, ten to a label, and their labels."""
    clips, labels = [], []
    for name in ("fsdd", "arabic20"):
        speech = datasets.load_speech_folder(folder(name))
        clips += list(AudioLoader(sample_rate=RATE, duration=1.0, n_jobs=2).fit_transform(speech.data))
        labels += [f"{name} {label}" for label in speech.target]
    chosen = [i for i, label in enumerate(labels) if label in sorted(set(labels))[:10]]
    random = np.random.default_rng(0)
    paths, target = [], []
    for i in range(n):
        source = int(random.choice(chosen))
        clip = audio.fit_length(audio.change_speed(clips[source], float(random.uniform(0.85, 1.15))), RATE)
        path = Path(root, f"{i // 1000:03d}", f"{i}.wav")
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            soundfile.write(path, np.clip(clip, -1, 1), RATE, subtype="PCM_16")
        paths.append(str(path))
        target.append(labels[source])
    Path(root, "corpus.json").write_text(json.dumps([paths, target]))


def run(task, root, n, n_jobs=1, limit=0):
    """Seconds and MB of a task, in a process of its own."""
    command = [sys.executable, __file__, "--task", task, "--root", str(root), "--n", str(n), "--jobs", str(n_jobs)]
    done = subprocess.run([*command, "--limit", str(limit)], capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode:
        sys.exit(f"{task} of {n} clips failed:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    print(task, n, n_jobs, found, flush=True)
    return found


def watch_memory(peak):
    """Note the largest anonymous memory of this process and of its workers."""
    while True:
        total = 0
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except OSError:
                continue
            is_ours = status.parent.name == str(os.getpid()) or f"\nPPid:\t{os.getpid()}\n" in text
            if is_ours and (found := re.search(r"RssAnon:\s+(\d+)", text)):
                total += int(found[1])
        peak[0] = max(peak[0], total / 1024)
        time.sleep(0.05)


def work(args):
    """One task: what is measured is what a user calls, imports and models are there before."""
    import joblib

    from sklspeech import MelFeatures, Pipeline, SpeechCNN, freeze, load_features, predict_to

    paths, target = (part[: args.n] for part in json.loads(Path(args.root, "corpus.json").read_text()))
    features = MelFeatures(duration=1.0, n_jobs=args.jobs).fit(paths[:10])
    on_disk, model = Path(args.root, f"features-{args.n}"), Path(args.root, "frozen.joblib")
    rows = None
    if args.task == "epoch":
        rows = load_features(on_disk)
        SpeechCNN(**EPOCH).fit(rows[:200], target[:200])  # traced, as in every later fit
    if args.task == "score" and not model.exists():
        joblib.dump(freeze(Pipeline([features, SpeechCNN(**EPOCH)]).fit(paths[:500], target[:500])), model)
    if args.limit:
        resource.setrlimit(resource.RLIMIT_DATA, (args.limit, args.limit))
    peak = [0.0]
    threading.Thread(target=watch_memory, args=(peak,), daemon=True).start()
    start = time.perf_counter()
    if args.task == "features":
        features.transform_to(paths, on_disk)
    elif args.task == "epoch":
        SpeechCNN(**EPOCH).fit(rows, target)
    else:
        predict_to(joblib.load(model), paths, Path(args.root, "heard.csv"), n_jobs=args.jobs)
    print(json.dumps([time.perf_counter() - start, peak[0]]))


def exponent(sizes, seconds):
    """Of growth: the slope of the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--root", help="folder of the corpus, which is kept; a temporary one by default")
    parser.add_argument("--task", choices=["features", "epoch", "score"], help=argparse.SUPPRESS)
    parser.add_argument("--n", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--jobs", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--limit", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.task:
        work(args)
        return
    with tempfile.TemporaryDirectory() as temporary:
        root = args.root or temporary
        make_corpus(root, max(args.sizes))
        rows = []
        for task, workers in (("features", WORKERS), ("epoch", (1,)), ("score", WORKERS)):
            for n_jobs in workers:
                found = []
                for n in args.sizes:
                    index = Path(root, f"features-{n}", "index.npz")
                    if task == "features":
                        index.unlink(missing_ok=True)
                    found.append(run(task, root, n, n_jobs))
                seconds, memory = zip(*found, strict=True)
                rows.append(
                    [
                        NAMES[task] + (f", {n_jobs} jobs" if n_jobs > 1 else ""),
                        *(f"{s:.1f} s, {m:.0f} MB" for s, m in found),
                        f"{exponent(args.sizes, seconds):.2f}",
                        f"{max(memory) / min(memory):.2f}",
                    ]
                )
        largest = max(args.sizes)
        size = Path(root, f"features-{largest}", "features.npy").stat().st_size
        if size > LEAST:
            seconds, memory = run("epoch", root, largest, limit=size)
            limited = f"an epoch, no more than {size / 1e6:.0f} MB allowed"
            rows.append([limited, *[""] * (len(args.sizes) - 1), f"{seconds:.1f} s, {memory:.0f} MB", "", ""])
    columns = ["what", *(f"{n:,} clips" for n in args.sizes), "exponent of the time", "largest to smallest memory"]
    write_table("scale", columns, rows, "`python benchmarks/scale.py`, one run each, one core unless jobs are named.")


if __name__ == "__main__":
    main()
