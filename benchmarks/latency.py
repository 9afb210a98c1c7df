"""A trained pipeline in production: cold start, latency, throughput, memory and size, deployed in five ways.

    python benchmarks/latency.py              a few minutes on 2 cores; writes its table into RESULTS.md
    python benchmarks/latency.py --repeats 3 --files 200

The same default SpeechCNN on features of one second of arabic20: as people deploy it today (a loop over librosa and
scikeras, saved with joblib), as a fitted sklspeech pipeline, frozen with joblib and without pickle, and as one exported
ONNX graph. Every measurement is a fresh process; the ways take turns, cold starts among themselves, and a ratio is
taken within a turn. A cold start is a process that starts, loads the file and names the word of one recording; it is
compared with one that imports sklearn.pipeline and onnxruntime and does nothing. Latency is on one core; a batch is on
both, with n_jobs=2 in all steps that have it; three are predicted in a process, of the same files by other names, and
at last nine as one, to see what memory it takes. Run it in an environment of `pip install .` alone: where pandas is
installed, as for the tests, scikit-learn imports it, which adds half a second and 30 MB to every process but
those of the frozen pipelines and of the graph.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

N_SINGLE = 300  # predictions of one clip
COLD_TURNS = 3  # for one turn of the other measurements
N_BATCHES = 3  # in one process
N_NAMES = 10  # of every file; what comes again under one name is known
SECOND = 16000
WAYS = {
    "librosa + scikeras, joblib": "today.joblib",
    "sklspeech, joblib": "fitted.joblib",
    "frozen, joblib": "frozen.joblib",
    "frozen, no pickle": "frozen.sklspeech",
    "ONNX graph": "model.onnx",
}


class Graph:
    """The exported graph and what a user needs around it to take paths."""

    def __init__(self, path):
        import onnxruntime
        import soundfile

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.labels = json.loads(self.session.get_modelmeta().custom_metadata_map["labels"])
        self.read = lambda path: soundfile.read(path, SECOND, dtype="float32", fill_value=0.0)[0]

    def predict(self, clips):
        labels = []
        for start in range(0, len(clips), 64):
            waveforms = [self.read(clip) if isinstance(clip, str) else clip for clip in clips[start : start + 64]]
            probabilities = self.session.run(None, {"waveform": np.stack(waveforms)})[0]
            labels += [self.labels[i] for i in probabilities.argmax(axis=1)]
        return labels


def load(path):
    if path.endswith(".onnx"):
        return Graph(path)
    if path.endswith(".sklspeech"):
        from sklspeech import load

        return load(path)
    import joblib

    return joblib.load(path)


def child(path, task, clips):
    """One measurement in a process of its own; prints JSON."""
    if task == "nothing":
        import onnxruntime  # noqa: F401
        import sklearn.pipeline  # noqa: F401

        result = None
    elif task == "cold":
        result = str(load(path).predict(clips[:1])[0])
    elif task == "one":
        result = time_single(load(path), clips)
    elif task == "batch":
        result = time_batches(load(path), clips)
    else:
        result = memory_of_more(load(path), clips)
    print(json.dumps({"result": result, "peak": peak_memory()}))


def on_both_cores(model):
    if isinstance(model, Graph):
        return model
    return model.set_params(**{name: 2 for name in model.get_params() if name.endswith("__n_jobs")})


def time_batches(model, clips):
    """Clips a second of every batch."""
    model = on_both_cores(model)
    size = len(clips) // N_NAMES
    model.predict(clips[-64:])
    throughput = []
    for start in range(0, N_BATCHES * size, size):
        begin = time.perf_counter()
        model.predict(clips[start : start + size])
        throughput.append(size / (time.perf_counter() - begin))
    return throughput


def memory_of_more(model, clips):
    """Bytes that the peak rises by after a first batch, where all others are predicted as one."""
    model = on_both_cores(model)
    size = len(clips) // N_NAMES
    model.predict(clips[:size])
    before = peak_memory()
    model.predict(clips[size:])
    return peak_memory() - before


def time_single(model, clips):
    """Seconds of every prediction of one clip, from its path and from its waveform."""
    import soundfile

    seconds = {"path": [], "waveform": []}
    for i in range(N_SINGLE + 10):
        path = clips[i % len(clips)]
        waveform = soundfile.read(path, SECOND, dtype="float32", fill_value=0.0)[0]
        for name, clip in {"path": path, "waveform": waveform}.items():
            start = time.perf_counter()
            model.predict([clip])
            seconds[name].append(time.perf_counter() - start)
    return {name: values[10:] for name, values in seconds.items()}


def peak_memory():
    """Bytes; Linux alone. What getrusage says has the memory of the process that started this one in it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


def run(root, path, task, threads):
    """A measurement: (result, peak in bytes, seconds of the whole process)."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    clips = root / ("names.json" if task in ("batch", "more") else "clips.json")
    command = [sys.executable, __file__, "--child", str(path), task, str(clips)]
    start = time.perf_counter()
    out = subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout
    elapsed = time.perf_counter() - start
    answer = json.loads(out.splitlines()[-1])
    return answer["result"], answer["peak"], elapsed


def prepare(root, n_files):
    """Train once, and write the five files and the list of clips."""
    import baseline
    import joblib
    import librosa
    import soundfile
    from _data import folder

    from sklspeech import MelFeatures, Pipeline, SpeechCNN, datasets, export, freeze, save

    speech = datasets.load_speech_folder(folder("arabic20"))
    clips = []
    for i, path in enumerate(np.resize(speech.data, n_files)):
        clip, rate = soundfile.read(path, dtype="float32")
        clips.append(str(root / f"{i:05}.wav"))
        soundfile.write(clips[-1], librosa.util.fix_length(clip, size=rate), rate)
    (root / "clips.json").write_text(json.dumps(clips))
    names = clips + [link(clip, i) for i in range(1, N_NAMES) for clip in clips]
    (root / "names.json").write_text(json.dumps(names))
    some = np.arange(0, len(speech.data), 10)
    joblib.dump(baseline.pipeline().fit(speech.data[some], speech.target[some]), root / "today.joblib")
    pipeline = Pipeline([MelFeatures(duration=1.0), SpeechCNN(epochs=1, random_state=0)])
    pipeline.fit(speech.data[some], speech.target[some])
    joblib.dump(pipeline, root / "fitted.joblib")
    frozen = freeze(pipeline, speech.data[:100])
    joblib.dump(frozen, root / "frozen.joblib")
    save(frozen, root / "frozen.sklspeech")
    export(pipeline, root / "model.onnx", speech.data[:100])
    difference = np.abs(pipeline.predict_proba(clips[:100]) - frozen.predict_proba(clips[:100])).max()
    print(f"frozen: probabilities differ by {difference:.1g}")
    return float(difference)


def link(clip, i):
    """Another name of a file."""
    name = f"{clip[:-4]}_{i}.wav"
    os.link(clip, name)
    return name


def measure(root, repeats):
    """Rows of the table, and the median seconds of the imports alone."""
    cold, memory = measure_cold(root, COLD_TURNS * repeats)
    single, batch = ({name: [] for name in WAYS} for _ in range(2))
    for _ in range(repeats):
        for name, file in WAYS.items():
            single[name].append(run(root, root / file, "one", 1)[0])
            batch[name].append(np.median(run(root, root / file, "batch", 2)[0]))
            print(name, f"{batch[name][-1]:.0f} clips/s", flush=True)
    more = {name: run(root, root / file, "more", 2)[0] for name, file in WAYS.items()}
    return [row(root, name, cold, memory, single, batch, more) for name in WAYS], np.median(cold["nothing"])


def measure_cold(root, turns):
    """Seconds and peak memory of the first label, turn by turn without longer work between them."""
    cold = {name: [] for name in ["nothing", *WAYS]}
    memory = {name: [] for name in WAYS}
    for _ in range(turns):
        cold["nothing"].append(run(root, "-", "nothing", 2)[2])
        for name, file in WAYS.items():
            _, peak, seconds = run(root, root / file, "cold", 2)
            cold[name].append(seconds)
            memory[name].append(peak)
            print(name, f"{seconds:.2f} s, {peak / 1e6:.0f} MB", flush=True)
    return cold, memory


def row(root, name, cold, memory, single, batch, more):
    def times(values, others):
        return f"{np.median(np.divide(values, others)):.1f}"

    def milliseconds(kind):
        pooled = 1e3 * np.concatenate([turn[kind] for turn in single[name]])
        return f"{np.median(pooled):.2f} ({np.percentile(pooled, 99):.2f})"

    today = next(iter(WAYS))
    medians = {way: [np.median(turn["waveform"]) for turn in single[way]] for way in (name, today)}
    return [
        name,
        f"{(root / WAYS[name]).stat().st_size / 1e6:.1f}",
        f"{np.median(cold[name]):.2f} ({np.min(cold[name]):.2f} to {np.max(cold[name]):.2f})",
        times(cold["sklspeech, joblib"], cold[name]),
        times(cold[name], cold["nothing"]),
        f"{np.median(memory[name]) / 1e6:.0f}",
        milliseconds("path"),
        milliseconds("waveform"),
        times(medians[today], medians[name]),
        f"{np.median(batch[name]):.0f}",
        times(batch[name], batch[today]),
        f"{more[name] / 1e6:.0f}",
    ]


def main():
    if sys.argv[1:2] == ["--child"]:
        path, task, clips = sys.argv[2:]
        child(path, task, json.loads(Path(clips).read_text()))
        return
    from _results import write_table

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--files", type=int, default=2000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        difference = prepare(root, args.files)
        rows, nothing = measure(root, args.repeats)
    columns = [
        "",
        "file, MB",
        "cold start to the first label, s",
        "x faster than sklspeech, joblib",
        "x of the imports alone",
        "peak memory, MB",
        "one clip from path, ms (p99)",
        "one clip from waveform, ms (p99)",
        "x faster than librosa + scikeras",
        "clips a second from paths",
        "x more than librosa + scikeras",
        f"further memory for {(N_NAMES - 1) * args.files} other files, MB",
    ]
    remark = (
        f"`python benchmarks/latency.py`: default SpeechCNN, clips of 1 s, WAV; {args.repeats} turns, cold starts in "
        f"{COLD_TURNS * args.repeats} of their own; medians (range, or 99th percentile of {args.repeats * N_SINGLE}); "
        f"batches of {args.files} files on 2 cores, {N_BATCHES} a process, and once {N_NAMES - 1} of them as one, "
        f"for its memory; one clip on one core. Importing sklearn.pipeline and onnxruntime alone takes {nothing:.2f} "
        f"s; probabilities of the frozen pipeline differ by {difference:.1g} from the fitted one's."
    )
    write_table("latency", columns, rows, remark)


if __name__ == "__main__":
    main()
