"""A recognizer of 18 speakers, tuned on three clips a word of a new one: arabic20, for each of the 6 other speakers.

    python benchmarks/tuning.py --seeds 0 1 2        some minutes on 2 cores
    python benchmarks/tuning.py --table              write the table from the results so far

The new speaker is tested on the clips that are left, the five others on all of theirs: clean, and in recorded noise at
0 dB, where there are errors enough to count. Results are kept in tuning.json beside this file.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from _data import folder
from _results import write_table
from noise import recordings, with_noise
from sklearn.model_selection import train_test_split

from sklspeech import AudioLoader, MelFeatures, SpeechCNN, datasets

RESULTS = Path(__file__).with_suffix(".json")
N_CLIPS = 3  # of a word
TUNINGS = {
    "not tuned": None,
    "all layers": {"epochs": 30, "learning_rate": 0.0003},
    "head alone": {"epochs": 60, "learning_rate": 0.01, "trainable": "head"},
}


def measure(seed):
    """Errors by tuning: of the new speaker and of the others, clean and in noise, summed over the speakers."""
    train, test = (datasets.load_speech_folder(folder("arabic20"), split=split) for split in ("train", "val"))
    features = MelFeatures(n_jobs=2)
    recognizer = SpeechCNN(random_state=seed).fit(features.fit_transform(train.data), train.target)
    waveforms = list(AudioLoader(n_jobs=2).fit_transform(test.data))
    sets = {
        "clean": features.transform(waveforms),
        "0 dB": features.transform(with_noise(waveforms, "recorded", 0, recordings())),
    }
    counts = {name: {} for name in TUNINGS}
    for speaker in np.unique(test.groups):
        own = np.flatnonzero(test.groups == speaker)
        few, left = train_test_split(own, train_size=N_CLIPS * 20, stratify=test.target[own], random_state=seed)
        parts = {"new": left, "others": np.flatnonzero(test.groups != speaker)}
        for name, params in TUNINGS.items():
            tuned = recognizer
            if params is not None:
                tuned = SpeechCNN(initialize_from=recognizer, random_state=seed, **params)
                tuned.fit(sets["clean"][few], test.target[few])
            for condition, X in sets.items():
                for part, clips in parts.items():
                    errors = np.mean(tuned.predict(X[clips]) != test.target[clips])
                    counts[name].setdefault(f"{part}, {condition}", []).append(float(errors))
        last = {name: [round(100 * errors[-1], 1) for errors in count.values()] for name, count in counts.items()}
        print(seed, speaker, last, flush=True)
    return counts


def write(results):
    columns = list(next(iter(results.values()))["not tuned"])
    rows = [
        [name, *(f"{100 * np.mean([run[name][column] for run in results.values()]):.2f}" for column in columns)]
        for name in TUNINGS
    ]
    seeds = f"{len(results)} seed{'s' if len(results) > 1 else ''}"
    remark = (
        f"`python benchmarks/tuning.py`: errors in % of the clips, mean over the 6 speakers and {seeds}. The new "
        "speaker is tested on 140 clips, the others on 1,000."
    )
    write_table("tuning", ["", *columns], rows, remark)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--table", action="store_true", help="only write the table")
    args = parser.parse_args()
    for seed in args.seeds if not args.table else []:
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        results[str(seed)] = measure(seed)
        RESULTS.write_text(json.dumps(results, indent=1))
    write(json.loads(RESULTS.read_text()))


if __name__ == "__main__":
    main()
