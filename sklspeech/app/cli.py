"""The command line: demo, train, evaluate, predict, freeze, export, info."""

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

from .. import __version__
from .._runtime.deferred_imports import import_scikit_learn
from .._runtime.files import atomic_write, check_target

_NETWORKS = {"cnn": "SpeechCNN", "rnn": "SpeechRNN", "crnn": "SpeechCRNN", "transformer": "SpeechTransformer"}
_FEATURES = {"mel": "MelFeatures", "mfcc": "MFCCFeatures"}

_EXAMPLES = """\
examples:
  sklspeech demo
  sklspeech train recordings/ -o model.joblib
  sklspeech train speech_commands/ -o model.joblib --pattern '(?P<label>[^/]+)/(?P<speaker>\\w+)_nohash_'
  sklspeech evaluate model.joblib recordings/ --split test
  sklspeech predict model.joblib one.wav two.flac
  sklspeech freeze model.joblib -o model.sklspeech
  sklspeech predict model.sklspeech --json one.wav
  sklspeech export model.joblib -o model.onnx
  sklspeech info model.sklspeech
"""
_MODEL = "file written by train or freeze; a .joblib file is a pickle: trust its source"
_PICKLE = "file written by train; a pickle: trust its source"


def main(argv=None):
    """Run a command.

    Parameters
    ----------
    argv : list of str or None, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    code : int
        0; 1 where something could not be done; 130 after Ctrl-C. Wrong usage exits with 2.
    """
    try:
        with warnings.catch_warnings():
            return _run(_parser().parse_args(argv))
    except KeyboardInterrupt:
        print("sklspeech: interrupted", file=sys.stderr)
        return 130


def _run(args):
    import_scikit_learn()
    if hasattr(sys.stdout, "reconfigure"):  # names of files that are no UTF-8, terminals that are no UTF-8
        sys.stdout.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show_warning
    try:
        return args.run(args)
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        print(f"sklspeech {args.command}: error: {_shown(error, keep=chr(10))}", file=sys.stderr)
        return 1


def _show_warning(message, category, filename, lineno, file=None, line=None):
    print(f"sklspeech: warning: {_shown(message, keep=chr(10))}", file=sys.stderr)


def _shown(text, keep=""):
    """A text from a file as a terminal may see it: control characters would move its cursor, or worse."""
    return "".join(c if c.isprintable() or c in keep else ascii(c)[1:-1] for c in str(text))


def _parser():
    parser = argparse.ArgumentParser(
        prog="sklspeech",
        description="Speech recognition as scikit-learn estimators.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sklspeech {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_training_commands(commands)
    _add_prediction_commands(commands)
    _add_deployment_commands(commands)
    return parser


def _add_training_commands(commands):
    demo = _command(commands, "demo", _demo, "train on embedded synthetic speech, test on speakers never heard")
    demo.add_argument("--seed", type=int, default=0, help="random seed (default: %(default)s)")

    train = _command(commands, "train", _train, "train a model on a folder of recordings")
    _add_folder(train)
    train.add_argument("-o", "--output", required=True, type=Path, metavar="MODEL", help="file to write, joblib")
    train.add_argument("--features", choices=_FEATURES, default="mel", help="default: %(default)s")
    train.add_argument("--network", choices=_NETWORKS, default="cnn", help="default: %(default)s")
    train.add_argument("--epochs", type=int, metavar="N", help="passes over the recordings (default: 14 to 120)")
    train.add_argument("--seed", type=int, default=None, help="random seed")


def _add_prediction_commands(commands):
    evaluate = _command(commands, "evaluate", _evaluate, "measure a model on a folder of recordings")
    evaluate.add_argument("model", type=Path, metavar="MODEL", help=_MODEL)
    _add_folder(evaluate)

    predict = _command(commands, "predict", _predict, "print label and probability of recordings, tab-separated")
    predict.add_argument("model", type=Path, metavar="MODEL", help=_MODEL)
    predict.add_argument("files", nargs="+", metavar="FILE", help="recordings")
    predict.add_argument("--json", action="store_true", help="one JSON object a line, with all probabilities")

    info = _command(commands, "info", _info, "say what a model is: labels, sample rate, versions, size")
    info.add_argument("model", type=Path, metavar="MODEL", help=_MODEL)


def _add_deployment_commands(commands):
    freeze = _command(commands, "freeze", _freeze, "write a trained model that needs no TensorFlow")
    freeze.add_argument("model", type=Path, metavar="MODEL", help=_PICKLE)
    freeze.add_argument(
        "-o", "--output", required=True, type=Path, metavar="FILE", help="ends in .sklspeech (no pickle) or .joblib"
    )

    export = _command(commands, "export", _export, "write one graph from waveform to probabilities")
    export.add_argument("model", type=Path, metavar="MODEL", help=_PICKLE)
    export.add_argument("-o", "--output", required=True, type=Path, metavar="FILE", help="ends in .onnx or .tflite")


def _command(commands, name, run, text):
    lines = [line for line in _EXAMPLES.splitlines() if f"sklspeech {name}" in line]
    parser = commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog="\n".join(["examples:", *lines]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _add_folder(parser):
    parser.add_argument("root", type=Path, metavar="ROOT", help="folder of recordings: one sub-folder a label")
    parser.add_argument("--pattern", help="regular expression for paths, with groups label and, if known, speaker")
    parser.add_argument("--manifest", help="CSV with path, label, speaker, split (default: ROOT/manifest.csv if there)")
    parser.add_argument("--split", help="only rows of the manifest with this split")


def _load_folder(args):
    from ..datasets import load_speech_folder

    speech = load_speech_folder(args.root, pattern=args.pattern, manifest=args.manifest, split=args.split)
    print(_shown(speech.DESCR))
    return speech


def _train(args):
    speech = _load_folder(args)
    _check_output(args.output, [".joblib"])
    pipeline = _fit(
        speech.data, speech.target, _FEATURES[args.features], _NETWORKS[args.network], args.epochs, args.seed
    )
    _save(pipeline, args.output)
    return 0


def _check_output(path, endings):
    if not path.parent.is_dir() or path.is_dir():
        raise ValueError(f"{path} cannot be written: it is a folder, or lies in none")
    if path.suffix.lower() not in endings:
        raise ValueError(f"{path} must end in {' or '.join(endings)}")
    check_target(path)


def _fit(paths, labels, features, network, epochs, seed):
    """Train a pipeline of features and a network, by the names of their classes, with a progress bar."""
    from sklearn.callback import ProgressBar

    import sklspeech

    _start_tensorflow()
    classifier = getattr(sklspeech, network)(epochs="auto" if epochs is None else epochs, random_state=seed)
    pipeline = sklspeech.Pipeline([getattr(sklspeech, features)(n_jobs=-1), classifier]).set_callbacks(ProgressBar())
    start = time.perf_counter()
    pipeline.fit(paths, labels)
    print(f"trained in {time.perf_counter() - start:.0f} s")
    return pipeline.set_callbacks()


def _save(pipeline, path):
    import joblib

    with atomic_write(path) as unchecked:
        joblib.dump(pipeline, unchecked)
    _report(path)


def _report(path):
    print(f"saved {path} ({path.stat().st_size / 1e6:.1f} MB)")


def _load(path):
    """A model from an archive, or from a pickle, which may need TensorFlow."""
    from ..frozen.archive import load

    return load(path) if _is_archive(path) else _load_pickle(path)


def _is_archive(path):
    """Whether to read a file as an archive: by its name as well, so that no pickle is run that calls itself one."""
    from ..frozen.container import is_archive

    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    return path.suffix.lower() == ".sklspeech" or is_archive(path)


def _load_pickle(path):
    import joblib

    print(f"{_shown(path)} is a pickle: loading it runs what is in it", file=sys.stderr, flush=True)
    try:
        with _quiet_tensorflow():
            model = joblib.load(path)
    except Exception as error:  # whatever a file that is no pickle, or one of other versions, makes of the loader
        raise ValueError(f"{path} cannot be loaded as a model ({type(error).__name__}: {error})") from error
    if not hasattr(model, "predict_proba"):
        raise ValueError(f"{path} holds {type(model).__name__}, expected a trained pipeline")
    return model


def _evaluate(args):
    from sklearn.metrics import accuracy_score, classification_report

    model = _load(args.model)
    speech = _load_folder(args)
    unknown = sorted(set(speech.target_names) - set(model.classes_))
    if unknown:
        raise ValueError(f"{args.root} has labels that the model was not trained on: {unknown}")
    predicted = model.predict(speech.data)
    print(_shown(classification_report(speech.target, predicted, digits=3, zero_division=0), keep="\n"))
    if speech.groups is not None:
        print("accuracy by speaker")
        for speaker in sorted(set(speech.groups)):
            own = speech.groups == speaker
            print(f"  {_shown(speaker):20} {accuracy_score(speech.target[own], predicted[own]):.3f}  of {own.sum()}")
    print(f"accuracy {accuracy_score(speech.target, predicted):.4f}")
    return 0


def _predict(args):
    from ..errors import AudioError

    model = _load(args.model)
    show = _show_json if args.json else _show
    failed = 0
    for path in args.files:
        try:
            (label,), (probabilities,) = model.predict([path]).tolist(), model.predict_proba([path])
        except AudioError as error:
            print(f"sklspeech predict: error: {_shown(error)}", file=sys.stderr)
            failed += 1
            continue
        show(path, label, dict(zip(model.classes_.tolist(), probabilities.tolist(), strict=True)))
    return 1 if failed else 0


def _show(path, label, probabilities):
    print(f"{_shown(path)}\t{_shown(label)}\t{probabilities[label]:.4f}")


def _show_json(path, label, probabilities):
    found = {"file": path, "label": label, "probability": probabilities[label], "probabilities": probabilities}
    # JSON escapes what is below a blank, not all that a terminal obeys; the escapes are JSON's as well.
    print("".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in json.dumps(found, ensure_ascii=False)))


def _freeze(args):
    from ..deploy.freezing import freeze
    from ..frozen.archive import save

    _check_output(args.output, [".sklspeech", ".joblib"])
    model = _load(args.model)
    with _quiet_tensorflow():
        frozen = freeze(model)
    if args.output.suffix.lower() == ".joblib":
        _save(frozen, args.output)
    else:
        save(frozen, args.output)
        _report(args.output)
    return 0


def _export(args):
    from ..deploy.exporting import export

    _check_output(args.output, [".onnx", ".tflite"])
    model = _load(args.model)
    with _quiet_tensorflow():
        export(model, args.output)
    _report(args.output)
    return 0


def _info(args):
    from ..frozen.archive import read_manifest

    archive = _is_archive(args.model)
    _show_info("file", f"{args.model} ({args.model.stat().st_size / 1e6:.1f} MB)")
    if archive:
        _show_info("kind", "archive, no pickle")
        manifest = read_manifest(args.model)
        steps = [step["class"] for step in manifest["steps"]]
        rate, labels = manifest["sample_rate"], manifest["labels"]
        _show_info("created", manifest["created"])
        _show_info("versions", ", ".join(f"{name} {version}" for name, version in manifest["versions"].items()))
    else:
        _show_info("kind", "pickle: loading it runs what is in it, trust its source")
        model = _load_pickle(args.model)
        estimators = [step for _, step in getattr(model, "steps", [("", model)])]
        steps = [type(step).__name__ for step in estimators]
        rate, labels = getattr(estimators[0], "sample_rate", None), model.classes_.tolist()
    _show_info("steps", ", ".join(steps))
    _show_info("sample rate", "unknown" if rate is None else f"{rate} Hz")
    _show_info("labels", f"{len(labels)}: {', '.join(map(str, labels))}")
    return 0


def _show_info(name, value):
    print(f"{name:12} {_shown(value)}", flush=True)


def _demo(args):
    from sklearn.metrics import accuracy_score

    from ..datasets import make_spoken_words

    with tempfile.TemporaryDirectory(prefix="sklspeech-") as folder:
        print("making speech: ten digits by 20 speakers who do not exist ...", flush=True)
        speech = make_spoken_words(n_speakers=20, n_takes=5, folder=folder, random_state=args.seed)
        heard = speech.groups < "s15"
        print(f"training on {heard.sum()} recordings of 15 speakers ...", flush=True)
        pipeline = _fit(speech.data[heard], speech.target[heard], "MelFeatures", "SpeechCNN", 20, args.seed)
        predicted = pipeline.predict(speech.data[~heard])
        accuracy = accuracy_score(speech.target[~heard], predicted)
        print(f"accuracy on {(~heard).sum()} recordings of 5 speakers never heard: {100 * accuracy:.1f} %")
        path = Path(folder) / "model.joblib"
        _save(pipeline, path)
        clips = speech.data[~heard][:50:10]  # every other word of the first of them
        for clip, label in zip(clips, _load(path).predict(clips), strict=True):
            print(f"loaded again: {Path(clip).parent.name}/{Path(clip).name} is heard as {label}")
    return 0


def _start_tensorflow():
    """Import the networks now: devices are not looked for in the middle of a progress bar."""
    with _quiet_tensorflow():
        import keras

        keras.ops.zeros(1)


@contextmanager
def _quiet_tensorflow():
    """Keep TensorFlow's greetings, which no setting silences, off the terminal."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    stderr = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
