"""Accuracy on speakers that were never heard: four networks at their defaults, their vote, and others beside them.

    python benchmarks/accuracy.py                    everything with one seed, some hours on 2 cores
    python benchmarks/accuracy.py --models SpeechCNN --protocols arabic20 --seeds 0 1 2
    python benchmarks/accuracy.py --ablation         the recipe of SpeechCNN, each part off or changed in turn
    python benchmarks/accuracy.py --table            write the tables from the results so far

Protocols: `arabic20` trains on 18 speakers and tests on 6 others; `fsdd-speakers` leaves one of six speakers out at a
time; `fsdd-official` is the split of the set's authors, whose speakers are on both sides; `arabic20-5`, `-10` and `-20`
train on that many clips of every word, which the seed draws from those of the 18 speakers. Results are kept in
accuracy.json beside this file, and the networks that were trained in the folder fitted, from where scikit-learn's
VotingClassifier takes those of its seed. Calibration is the expected calibration error of the probabilities, as they
are and, on arabic20, after scikit-learn's temperature scaling: for every test speaker a temperature is learned on the
other ones.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import joblib
import numpy as np
from _data import folder
from _results import write_table
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict, train_test_split
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

import sklspeech
from sklspeech import FrameStatistics, MelFeatures, MFCCFeatures, Pipeline, SpeechCNN, SpeechEmbedding, datasets
from sklspeech.metrics import expected_calibration_error

RESULTS = Path(__file__).with_suffix(".json")
FITTED = Path(__file__).with_name("fitted")
NETWORKS = ["SpeechCNN", "SpeechRNN", "SpeechCRNN", "SpeechTransformer"]
VOTE = "vote of the four"
ABLATION_PROTOCOL = "arabic20-20"  # with few clips there are errors enough to tell parts from chance
FULL_RECIPE = "the whole recipe"
BASELINES = ["FrameStatistics + SVC", "librosa + scikeras"]
EMBEDDING, EMBEDDING_CNN = "SpeechEmbedding + LogisticRegression", "SpeechEmbedding + SpeechCNN"
BOTH, AVERAGE = "both inputs + LogisticRegression", "average of SpeechCNN and SpeechEmbedding"
PRETRAINED = [EMBEDDING, EMBEDDING_CNN, BOTH, AVERAGE]
MODELS = [*NETWORKS, VOTE, *PRETRAINED, *BASELINES]
PROTOCOLS = ["arabic20", "fsdd-speakers", "fsdd-official"]
FEW = {"arabic20-5": 5, "arabic20-10": 10, "arabic20-20": 20}  # clips of every word
OF_FEATURES = ["preemphasis", "top_db"]
ABLATION = {  # the recipe of SpeechCNN, and parts of it off or changed
    FULL_RECIPE: {},
    "without pre-emphasis": {"preemphasis": 0.0},
    "top_db=50": {"top_db": 50.0},
    "top_db=80, librosa's": {"top_db": 80.0},
    "without noise": {"snr": None},
    "noise of 0 to 50 dB": {"snr": (0.0, 50.0)},
    "with floors drawn in training": {"floor": 35.0},
    "without normalization of the clip": {"normalization": None},
    "cepstral mean normalization": {"normalization": "feature"},
    "with masks": {"masks": 1},
    "speed of 0.2": {"speed": 0.2},
    "dropout of 0.3": {"dropout": 0.3},
    "learning rate of 0.002": {"learning_rate": 0.002},
    "without speed": {"speed": 0.0},
    "without vocal tract": {"vocal_tract": 0.0},
    "without shift": {"shift": 0.0},
    "without speed, vocal tract, shift": {"speed": 0.0, "vocal_tract": 0.0, "shift": 0.0},
    "without dropout": {"dropout": 0.0},
    "without label smoothing": {"label_smoothing": 0.0},
    "without weight decay": {"weight_decay": 0.0},
    "constant learning rate": {"learning_rate_schedule": "constant"},
    "300 epochs instead of 100": {"epochs": 300},
    "with averaged weights, 0.99": {"ema_momentum": 0.99},
    "with gain of 6 dB": {"gain": 6.0},
    "with mixup of 0.3": {"mixup": 0.3},
    "filters of (64, 96)": {"filters": (64, 96)},
    "without stem, four blocks of kernels of 9": {"stem": (), "filters": (32, 48, 64, 96), "kernel_size": 9},
    "kernels of 3 steps": {"kernel_size": 3},
    "kernels of 9 steps": {"kernel_size": 9},
    "broadcasted, (64, 64, 96, 96)": {"architecture": "broadcasted", "filters": (64, 64, 96, 96)},
}


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
    if model in ABLATION:
        params = dict(ABLATION[model])
        of_features = {name: params.pop(name) for name in OF_FEATURES if name in params}
        return Pipeline([MelFeatures(**of_features, n_jobs=2), SpeechCNN(**params, random_state=seed)])
    if model in NETWORKS:
        return Pipeline([MelFeatures(n_jobs=2), getattr(sklspeech, model)(random_state=seed)])
    if model == EMBEDDING:
        return make_pipeline(*embedding_table(), LogisticRegression(C=0.1, max_iter=1000))
    if model == EMBEDDING_CNN:
        return Pipeline([SpeechEmbedding(n_jobs=2), SpeechCNN(stem=(), snr=None, vocal_tract=0.0, random_state=seed)])
    if model == "FrameStatistics + SVC":
        features = MFCCFeatures(deltas=2, n_jobs=2)
        return make_pipeline(features, FrameStatistics(), StandardScaler(), SVC(C=10, random_state=seed))
    from baseline import librosa_loop
    from scikeras.wrappers import KerasClassifier

    network = KerasClassifier(
        textbook_cnn, loss="sparse_categorical_crossentropy", optimizer="adam", epochs=30, verbose=0, random_state=seed
    )
    return make_pipeline(FunctionTransformer(librosa_loop), network)


def splits(protocol, seed):
    """Paths, labels, speakers, and (name, train, test) of every fold."""
    root = folder(protocol.split("-")[0])
    if protocol == "fsdd-speakers":
        speech = datasets.load_speech_folder(root)
        folds = LeaveOneGroupOut().split(speech.data, groups=speech.groups)
        folds = [(speech.groups[test[0]].item(), train, test) for train, test in folds]
        return speech.data, speech.target, speech.groups, folds
    parts = [
        datasets.load_speech_folder(root, split=part) for part in ("train", "test" if "official" in protocol else "val")
    ]
    data, target, groups = (np.concatenate([part[name] for part in parts]) for name in ("data", "target", "groups"))
    train, test = np.split(np.arange(len(data)), [len(parts[0].data)])
    if protocol in FEW:
        n_clips = FEW[protocol] * len(np.unique(target))
        train, _ = train_test_split(train, train_size=n_clips, stratify=target[train], random_state=seed)
    return data, target, groups, [("test", train, test)]


def embedding_table():
    """Steps from paths to a row of the embedding's statistics."""
    return SpeechEmbedding(n_jobs=2), FrameStatistics(("mean", "std", "max")), StandardScaler()


def make_with_cnn(model, path):
    """What takes the SpeechCNN that was trained already, and the embedding beside it."""
    if not path.exists():
        raise FileNotFoundError(f"train SpeechCNN first, with the same --seeds and --protocols: no {path}")
    cnn = FrozenEstimator(joblib.load(path))
    if model == AVERAGE:
        return VotingClassifier([("cnn", cnn), ("embedding", make(EMBEDDING, 0))], voting="soft")
    table = FeatureUnion(
        [("cnn", make_pipeline(cnn, StandardScaler())), ("embedding", make_pipeline(*embedding_table()))]
    )
    return make_pipeline(table, LogisticRegression(C=0.1, max_iter=1000))


def make_vote(kept):
    """The networks that `kept` names, trained; as members of scikit-learn's VotingClassifier."""
    missing = [str(path) for path in kept.values() if not path.exists()]
    if missing:
        raise FileNotFoundError(f"train the networks first, with the same --seeds and --protocols: no {missing}")
    members = [(network, FrozenEstimator(joblib.load(path))) for network, path in kept.items()]
    return VotingClassifier(members, voting="soft")


def count_params(pipeline):
    """Weights of all networks in a pipeline or a vote; None where there is none."""
    if isinstance(pipeline, VotingClassifier):
        return sum(count_params(getattr(member, "estimator", member)) or 0 for member in pipeline.estimators_)
    network = getattr(pipeline[-1], "model_", None)  # the embedding's 330,000 are not counted
    return network.count_params() if network is not None else None


def measure(model, protocol, seed):
    """Accuracy and calibration error of every fold, and seconds of training."""
    data, target, groups, folds = splits(protocol, seed)
    accuracy, calibration, calibrated, seconds = {}, {}, {}, []
    for name, train, test in folds:
        kept = {network: FITTED / f"{network} {protocol} {seed} {name}.joblib" for network in NETWORKS}
        if model in (BOTH, AVERAGE):
            pipeline = make_with_cnn(model, kept["SpeechCNN"])
        else:
            pipeline = make_vote(kept) if model == VOTE else make(model, seed)
        start = time.perf_counter()
        pipeline.fit(data[train], target[train])
        seconds.append(time.perf_counter() - start)
        if model in NETWORKS:
            FITTED.mkdir(exist_ok=True)
            joblib.dump(pipeline, kept[model])
        accuracy[name] = float(np.mean(pipeline.predict(data[test]) == target[test]))
        if hasattr(pipeline, "predict_proba"):
            calibration[name] = expected_calibration_error(
                target[test], pipeline.predict_proba(data[test]), labels=pipeline.classes_
            )
        if name in calibration and protocol == "arabic20":
            probabilities = tempered(pipeline, data[test], target[test], groups[test])
            calibrated[name] = expected_calibration_error(target[test], probabilities, labels=pipeline.classes_)
        print(
            f"{model:24} {protocol:14} seed {seed} {name:10} {100 * accuracy[name]:5.1f} % {seconds[-1]:6.1f} s",
            flush=True,
        )
    return {
        "accuracy": accuracy,
        "calibration": calibration,
        "calibrated": calibrated,
        "seconds": float(np.median(seconds)) if model != VOTE else None,
        "parameters": count_params(pipeline),
    }


def tempered(pipeline, data, target, groups):
    """Probabilities for every speaker, with the temperature of the other speakers."""
    classifier = CalibratedClassifierCV(FrozenEstimator(pipeline), method="temperature")
    by_speaker = LeaveOneGroupOut()
    return cross_val_predict(classifier, data, target, groups=groups, cv=by_speaker, method="predict_proba")


def load():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def cell(results, model, protocol):
    """Mean over the folds of every seed, and spread over the seeds; the worst speaker."""
    runs = results.get(f"{model} | {protocol}", {})
    if not runs:
        return "not run"
    folds = list(next(iter(runs.values()))["accuracy"])
    text = mean_and_spread(runs, "accuracy")
    if len(folds) > 1:
        by_fold = {fold: np.mean([run["accuracy"][fold] for run in runs.values()]) for fold in folds}
        worst = min(by_fold, key=by_fold.get)
        text += f" (worst: {worst} {100 * by_fold[worst]:.1f})"
    return f"{text}, {len(runs)} seed{'s' if len(runs) > 1 else ''}"


def mean_and_spread(runs, measure):
    """Over the seeds, in %."""
    values = [100 * np.mean(list(run[measure].values())) for run in runs.values() if run.get(measure)]
    if not values:
        return ""
    return f"{np.mean(values):.1f}" + (f" ± {np.std(values):.1f}" if len(values) > 1 else "")


def write_accuracy(results):
    """Every model on the protocols with all clips."""
    rows = []
    for model in MODELS:
        runs = {protocol: results.get(f"{model} | {protocol}", {}) for protocol in PROTOCOLS}
        everything = [run for of_protocol in runs.values() for run in of_protocol.values()]
        parameters = next((f"{run['parameters']:,}" for run in everything if run["parameters"]), "")
        seconds = [run["seconds"] for run in runs["arabic20"].values() if run["seconds"]]
        rows.append(
            [
                model,
                *(cell(results, model, protocol) for protocol in PROTOCOLS),
                mean_and_spread(runs["arabic20"], "calibration"),
                mean_and_spread(runs["arabic20"], "calibrated"),
                parameters,
                f"{np.median(seconds):.0f}" if seconds else "",
            ]
        )
    columns = [
        "",
        "arabic20: 18 speakers to 6 others, %",
        "fsdd: leave one speaker out, %",
        "fsdd: official split, %",
        "calibration error on arabic20, %",
        "after temperature scaling, %",
        "parameters",
        "training on arabic20, s",
    ]
    remark = (
        "`python benchmarks/accuracy.py`: defaults where the name does not say otherwise, mean ± standard "
        "deviation over seeds. arabic20: 20 words, 3,600 clips to train; fsdd: 10 digits, 3,000 clips. Training "
        "seconds are on one core of two, the other one as busy, or busier."
    )
    write_table("accuracy", columns, rows, remark)


def write_few(results):
    """The models that were trained on few clips."""
    rows = [
        [model, *(cell(results, model, protocol) for protocol in [*FEW, "arabic20"])]
        for model in MODELS
        if any(f"{model} | {protocol}" in results for protocol in FEW)
    ]
    remark = (
        "`python benchmarks/accuracy.py --protocols arabic20-5 arabic20-10 arabic20-20`: arabic20, clips drawn by the "
        "seed from those of the 18 speakers, tested on the 6 others; otherwise defaults."
    )
    write_table("few", ["", *(f"{n} clips a word, %" for n in FEW.values()), "all, 180 a word, %"], rows, remark)


def write_ablation(results):
    """The recipe, and each part off or changed."""
    whole, rows = results[f"{FULL_RECIPE} | {ABLATION_PROTOCOL}"], []
    for part in ABLATION:
        runs = results.get(f"{part} | {ABLATION_PROTOCOL}", {})
        seeds = sorted(set(runs) & set(whole))
        differences = [100 * (runs[seed]["accuracy"]["test"] - whole[seed]["accuracy"]["test"]) for seed in seeds]
        difference = f"{np.mean(differences):+.1f} ± {np.std(differences):.1f}" if seeds and part != FULL_RECIPE else ""
        rows.append([part, mean_and_spread(runs, "accuracy") or "not run", difference, len(runs)])
    remark = (
        "`python benchmarks/accuracy.py --ablation`: SpeechCNN at its defaults, each part off or changed in turn, "
        "trained on 20 clips a word of arabic20 and tested on the 6 other speakers. Differences are between runs of "
        "the same seeds, which draw the clips as well. A clip is 0.08 %."
    )
    write_table("ablation", ["", "20 clips a word, %", "difference", "seeds"], rows, remark)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=[*MODELS, *ABLATION], default=MODELS)
    parser.add_argument("--protocols", nargs="+", choices=[*PROTOCOLS, *FEW], default=[*PROTOCOLS, *FEW])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--ablation", action="store_true", help="all parts of the recipe, on arabic20")
    parser.add_argument("--table", action="store_true", help="only write the tables")
    args = parser.parse_args()
    if args.ablation:
        args.models, args.protocols = list(ABLATION), [ABLATION_PROTOCOL]
    for seed in args.seeds if not args.table else []:
        for protocol in args.protocols:
            for model in args.models:
                measured = measure(model, protocol, seed)
                results = load()  # only now: another run may have written meanwhile
                results.setdefault(f"{model} | {protocol}", {})[str(seed)] = measured
                RESULTS.write_text(json.dumps(results, indent=1))
    results = load()
    if args.ablation:
        write_ablation(results)
    else:
        write_accuracy(results)
        write_few(results)


if __name__ == "__main__":
    main()
