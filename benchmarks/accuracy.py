"""Accuracy on speakers that were never heard: four networks at their defaults and two baselines.

    python benchmarks/accuracy.py                    everything, more than an hour on 2 cores
    python benchmarks/accuracy.py --models SpeechCNN --protocols arabic20
    python benchmarks/accuracy.py --table            write the README's table from the results so far

Protocols: `arabic20` trains on 18 speakers and tests on 6 others; `fsdd-speakers` leaves one of six speakers out at a
time; `fsdd-official` is the split of the set's authors, whose speakers are on both sides. Results are kept in
accuracy.json beside this file.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from _data import folder
from _readme import write_table
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

import sklspeech
from sklspeech import FrameStatistics, MelFeatures, MFCCFeatures, Pipeline, datasets

RESULTS = Path(__file__).with_suffix(".json")
NETWORKS = ["SpeechCNN", "SpeechRNN", "SpeechCRNN", "SpeechTransformer"]


def librosa_loop(paths, seconds=1.0):
    """What people write today."""
    import librosa

    rows = []
    for path in paths:
        audio, _ = librosa.load(path, sr=16000)
        audio = librosa.util.fix_length(audio, size=int(seconds * 16000))
        mel = librosa.feature.melspectrogram(y=audio, sr=16000, n_fft=400, hop_length=160, n_mels=40)
        rows.append(librosa.power_to_db(mel).T)
    return np.stack(rows)


def textbook_cnn(meta):
    """The two-dimensional convolutional network of the tutorials."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((*meta["X_shape_"][1:], 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def make(model, seed):
    """A pipeline from paths to labels."""
    if model in NETWORKS:
        return Pipeline([MelFeatures(n_jobs=2), getattr(sklspeech, model)(random_state=seed)])
    if model == "FrameStatistics + SVC":
        features = MFCCFeatures(deltas=2, n_jobs=2)
        return make_pipeline(features, FrameStatistics(), StandardScaler(), SVC(C=10, random_state=seed))
    from scikeras.wrappers import KerasClassifier

    network = KerasClassifier(
        textbook_cnn, loss="sparse_categorical_crossentropy", optimizer="adam", epochs=30, verbose=0, random_state=seed
    )
    return make_pipeline(FunctionTransformer(librosa_loop), network)


def splits(protocol):
    """Paths, labels, and (name, train, test) of every fold."""
    root = folder(protocol.split("-")[0])
    if protocol == "fsdd-speakers":
        speech = datasets.load_speech_folder(root)
        folds = LeaveOneGroupOut().split(speech.data, groups=speech.groups)
        return speech.data, speech.target, [(speech.groups[test[0]].item(), train, test) for train, test in folds]
    parts = [
        datasets.load_speech_folder(root, split=part) for part in ("train", "val" if protocol == "arabic20" else "test")
    ]
    n_train = len(parts[0].data)
    data, target = (np.concatenate([part[name] for part in parts]) for name in ("data", "target"))
    return data, target, [("test", np.arange(n_train), np.arange(n_train, len(data)))]


def measure(model, protocol, seed):
    """Accuracy of every fold, and seconds of training."""
    data, target, folds = splits(protocol)
    accuracy, seconds = {}, []
    for name, train, test in folds:
        pipeline = make(model, seed)
        start = time.perf_counter()
        pipeline.fit(data[train], target[train])
        seconds.append(time.perf_counter() - start)
        accuracy[name] = float(np.mean(pipeline.predict(data[test]) == target[test]))
        print(
            f"{model:24} {protocol:14} seed {seed} {name:10} {100 * accuracy[name]:5.1f} % {seconds[-1]:6.1f} s",
            flush=True,
        )
    network = getattr(pipeline[-1], "model_", None)
    return {
        "accuracy": accuracy,
        "seconds": float(np.median(seconds)),
        "parameters": network.count_params() if network is not None else None,
    }


def load():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def cell(results, model, protocol):
    """Mean over folds of every seed, and their spread."""
    runs = results.get(f"{model} | {protocol}", {})
    if not runs:
        return "not run"
    by_fold = {
        fold: np.mean([run["accuracy"][fold] for run in runs.values()])
        for fold in next(iter(runs.values()))["accuracy"]
    }
    if len(by_fold) > 1:
        worst = min(by_fold, key=by_fold.get)
        values = list(by_fold.values())
        return f"{100 * np.mean(values):.1f} ± {100 * np.std(values):.1f} (worst: {worst} {100 * by_fold[worst]:.1f})"
    values = [run["accuracy"]["test"] for run in runs.values()]
    spread = f" ± {100 * np.std(values):.1f}" if len(values) > 1 else ""
    return f"{100 * np.mean(values):.1f}{spread}"


def table(models, protocols):
    results = load()
    rows = []
    for model in models:
        runs = [run for protocol in protocols for run in results.get(f"{model} | {protocol}", {}).values()]
        arabic = [run["seconds"] for run in results.get(f"{model} | arabic20", {}).values()]
        parameters = next((f"{run['parameters']:,}" for run in runs if run["parameters"]), "")
        seconds = f"{np.median(arabic):.0f}" if arabic else ""
        rows.append([model, *(cell(results, model, protocol) for protocol in protocols), parameters, seconds])
    n_seeds = max((len(runs) for runs in results.values()), default=0)
    columns = [
        "",
        "arabic20: 18 speakers to 6 others, %",
        "fsdd: leave one speaker out, %",
        "fsdd: official split, %",
        "parameters",
        "training on arabic20, s",
    ]
    remark = (
        f"`python benchmarks/accuracy.py`, 2 cores, networks at their defaults, {n_seeds} seed(s). ± is the "
        "standard deviation over speakers (leave one out) or seeds. arabic20: 20 words, 3,600 clips to train; fsdd: "
        "10 digits, 3,000 clips."
    )
    write_table("accuracy", columns, rows, remark)


def main():
    models = [*NETWORKS, "FrameStatistics + SVC", "librosa + scikeras"]
    protocols = ["arabic20", "fsdd-speakers", "fsdd-official"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=models, default=models)
    parser.add_argument("--protocols", nargs="+", choices=protocols, default=protocols)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--table", action="store_true", help="only write the table")
    args = parser.parse_args()
    for seed in args.seeds if not args.table else []:
        for protocol in args.protocols:
            for model in args.models:
                measured = measure(model, protocol, seed)
                results = load()  # only now: another run may have written meanwhile
                results.setdefault(f"{model} | {protocol}", {})[str(seed)] = measured
                RESULTS.write_text(json.dumps(results, indent=1))
    table(models, protocols)


if __name__ == "__main__":
    main()
