"""The command line: demo, train, compare, check, evaluate, predict, spot, listen, serve, app, freeze, export, info."""

import argparse
import os
import sys
import warnings
from pathlib import Path

from .. import __version__
from .._runtime.deferred_imports import import_scikit_learn
from .._runtime.quiet import quiet_tensorflow
from . import demo, evaluation, spotting, training
from .console import (
    forget_warnings,
    is_archive,
    list_recordings,
    load_model,
    load_pickle,
    print_json,
    show_warning,
    shown,
)

_EXAMPLES = """\
examples:
  sklspeech demo
  sklspeech train recordings/ -o model.joblib
  sklspeech train speech_commands/ -o model.joblib --pattern '(?P<label>[^/]+)/(?P<speaker>\\w+)_nohash_'
  sklspeech train sentences/ --text -o model.joblib --language-model train
  sklspeech train recordings/ -o model.joblib --pattern '(?P<label>[^/]+)/(?P<speaker>[^_]+)_' --cv groups
  sklspeech compare recordings/ --features mel mfcc --network cnn crnn --cv 5
  sklspeech check recordings/
  sklspeech evaluate model.joblib recordings/ --split test
  sklspeech evaluate model.joblib recordings/ --confusion confusion.png --report errors.html
  sklspeech predict model.joblib one.wav two.flac
  sklspeech freeze model.joblib -o model.sklspeech
  sklspeech predict model.sklspeech --json one.wav
  sklspeech predict transcriber.sklspeech --words one.wav
  sklspeech spot model.sklspeech meeting.flac --threshold 0.9
  rec -t raw -r 16k -e signed -b 16 -c 1 - | sklspeech spot model.sklspeech -
  sklspeech listen model.sklspeech
  sklspeech serve model.sklspeech --port 8000
  sklspeech app model.sklspeech
  sklspeech export model.joblib -o model.onnx
  sklspeech info model.sklspeech
"""
_UNKNOWN = "unknown"  # what --threshold calls a clip whose label is too improbable
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
    warnings.showwarning = show_warning
    forget_warnings()
    try:
        return args.run(args)
    except BrokenPipeError:  # whoever reads, such as head, has seen enough; what is left goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        print(f"sklspeech {args.command}: error: {shown(error, keep=chr(10))}", file=sys.stderr)
        return 1


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
    of_demo = _command(commands, "demo", demo.demo, "train on embedded synthetic speech, test on speakers never heard")
    of_demo.add_argument("--text", action="store_true", help="sentences instead of words")
    of_demo.add_argument("--seed", type=int, default=0, help="random seed (default: %(default)s)")

    train = _command(commands, "train", training.train, "train a model on a folder of recordings")
    _add_folder(train)
    train.add_argument("-o", "--output", required=True, type=Path, metavar="MODEL", help="file to write, joblib")
    train.add_argument("--features", choices=training.FEATURES, default="mel", help="default: %(default)s")
    train.add_argument("--network", choices=training.NETWORKS, default="cnn", help="default: %(default)s")
    train.add_argument("--text", action="store_true", help="learn sentences, instead of one label a recording")
    train.add_argument(
        "--language-model", metavar="FILE", help="of --text: an ARPA file, or 'train' for that of the sentences"
    )
    train.add_argument("--epochs", type=int, metavar="N", help="passes over the recordings (default: by their number)")
    train.add_argument("--seed", type=int, default=None, help="random seed")
    train.add_argument("--skip", action="store_true", help="leave out recordings that cannot be read")
    train.add_argument("--cv", metavar="groups|N", help="cross-validate first, leaving speakers out or in N folds")

    compare = _command(commands, "compare", _compare, "cross-validate features and networks on a folder of recordings")
    _add_folder(compare)
    compare.add_argument("--features", nargs="+", choices=training.FEATURES, default=["mel"], help="default: mel")
    compare.add_argument(
        "--network", nargs="+", choices=training.NETWORKS, default=list(training.NETWORKS), help="default: all"
    )
    compare.add_argument("--text", action="store_true", help="learn sentences, instead of one label a recording")
    compare.add_argument("--epochs", type=int, metavar="N", help="passes over the recordings")
    compare.add_argument("--seed", type=int, default=None, help="random seed")
    compare.add_argument(
        "--cv", metavar="groups|N", help="leave speakers out, or N folds (default: 5 or as many speakers)"
    )
    compare.add_argument("--plot", type=Path, metavar="FILE", help="picture to write")

    check = _command(commands, "check", evaluation.check, "tell what is wrong with a folder of recordings")
    _add_folder(check)
    check.add_argument("--json", action="store_true", help="one JSON object a fault and line")


def _add_prediction_commands(commands):
    evaluate = _command(commands, "evaluate", evaluation.evaluate, "measure a model on a folder of recordings")
    evaluate.add_argument("model", type=Path, metavar="MODEL", help=_MODEL)
    _add_folder(evaluate)
    evaluate.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    evaluate.add_argument("--skip", action="store_true", help="leave out recordings that cannot be read")
    evaluate.add_argument("--confusion", type=Path, metavar="FILE", help="picture to write of what is taken for what")
    evaluate.add_argument("--report", type=Path, metavar="FILE", help="HTML page to write of the clips that are wrong")

    predict = _command(commands, "predict", _predict, "print label and probability, or what is said")
    predict.add_argument("model", type=Path, metavar="MODEL", help=_MODEL)
    predict.add_argument("files", nargs="+", metavar="FILE", help="recordings, or folders of them")
    predict.add_argument(
        "--threshold", type=float, metavar="P", help="a label that is less probable than this is 'unknown'"
    )
    predict.add_argument("--words", action="store_true", help="of a transcriber: a line a word, with its times")
    predict.add_argument("--json", action="store_true", help="one JSON object a line, with all probabilities or words")

    spot = _command(commands, "spot", spotting.spot, "find words in long recordings")
    spot.add_argument("model", type=Path, metavar="MODEL", help=_MODEL)
    spot.add_argument(
        "files", nargs="+", metavar="FILE", help="recordings, folders of them, or - for raw 16-bit samples from stdin"
    )
    _add_threshold(spot)
    forms = spot.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="one JSON object a line")
    forms.add_argument("--srt", action="store_true", help="subtitles")
    forms.add_argument("--audacity", action="store_true", help="a label track of Audacity")

    listen = _command(commands, "listen", spotting.listen, "find words in what a microphone hears")
    listen.add_argument("model", type=Path, metavar="MODEL", help=_MODEL)
    _add_threshold(listen)
    listen.add_argument("--device", help="number or name of the microphone (default: the system's)")
    listen.add_argument("--json", action="store_true", help="one JSON object a line")

    _add_services(commands)
    info = _command(commands, "info", _info, "say what a model is: labels, sample rate, versions, size")
    info.add_argument("model", type=Path, metavar="MODEL", help=_MODEL)


def _add_services(commands):
    serve = _command(
        commands, "serve", _serve, "answer requests over HTTP, on this machine alone unless --host is given"
    )
    _add_address(serve, 8000)
    serve.add_argument("--max-megabytes", type=float, default=20.0, help="of a recording (default: %(default)s)")
    serve.add_argument("--max-seconds", type=float, default=120.0, help="of a recording (default: %(default)s)")
    serve.add_argument("--workers", type=int, default=2, help="requests computed at once (default: %(default)s)")
    serve.add_argument("--per-minute", type=int, default=600, help="requests of one client (default: %(default)s)")

    page = _command(commands, "app", _app, "show a page in the browser: record or drop a file, see what is heard")
    _add_address(page, 7860)


def _add_address(parser, port):
    parser.add_argument("model", type=Path, metavar="MODEL", help=_MODEL)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=port, help="default: %(default)s")
    _add_threshold(parser)


def _serve(args):
    from . import service
    from .limits import Limits

    model = _load_frozen(args.model)
    limits = Limits(
        max_bytes=round(1e6 * args.max_megabytes),
        max_duration=args.max_seconds,
        n_workers=args.workers,
        max_per_minute=args.per_minute,
    )
    service.run(model, args.host, args.port, limits, args.threshold)
    return 0


def _app(args):
    from . import page

    page.run_page(_load_frozen(args.model), args.host, args.port, args.threshold)
    return 0


def _load_frozen(path):
    """A model that several threads can use."""
    from ..deploy.freezing import freeze

    model = load_model(path)
    if is_archive(path):
        return model
    try:
        with quiet_tensorflow():
            return freeze(model)
    except ValueError:  # there is no network in it
        return model


def _add_threshold(parser):
    parser.add_argument(
        "--threshold", type=float, metavar="P", help="probability of a hit (default: that of the model, or 0.8)"
    )


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
    parser.add_argument(
        "root", type=Path, metavar="ROOT", help="folder of recordings: one sub-folder a label, or texts"
    )
    parser.add_argument("--pattern", help="regular expression for paths, with groups label and, if known, speaker")
    parser.add_argument("--manifest", help="CSV with path, label, speaker, split (default: ROOT/manifest.csv if there)")
    parser.add_argument("--split", help="only rows of the manifest with this split")


def _compare(args):
    return evaluation.compare(args, lambda features, network: training.make_pipeline(args, features, network))


def _predict(args):
    from ..errors import AudioError

    model = load_model(args.model)
    is_transcriber = hasattr(model, "predict_words")
    if args.words and not is_transcriber:
        raise ValueError(f"--words is for models of sentences, {args.model} has labels")
    if args.threshold is not None and is_transcriber:
        raise ValueError(f"--threshold is for models of labels, {args.model} writes sentences")
    if not is_transcriber and not hasattr(model, "predict_proba"):
        raise ValueError(f"{args.model} holds {type(model).__name__}: use sklspeech spot")
    failed = 0
    for path in list_recordings(args.files):
        try:
            found = model.predict_words([path])[0] if is_transcriber else _recognized(model, path, args.threshold)
        except AudioError as error:
            print(f"sklspeech predict: error: {shown(error)}", file=sys.stderr)
            failed += 1
            continue
        if is_transcriber:
            _show_words(path, found, args)
        else:
            (_show_json if args.json else _show)(path, *found)
    return 1 if failed else 0


def _recognized(model, path, threshold):
    """The label of a recording, its probability, and those of all labels."""
    from .recognition import probability_of

    (label,), (probabilities,) = model.predict([path]).tolist(), model.predict_proba([path])
    if threshold is not None and probabilities.max() < threshold:
        label = _UNKNOWN
    of_labels = dict(zip(model.classes_.tolist(), probabilities.tolist(), strict=True))
    return label, probability_of(label, of_labels), of_labels


def _show_words(path, words, args):
    text = " ".join(word.text for word in words)
    if args.json:
        print_json({"file": path, "text": text, "words": [word._asdict() for word in words]})
    elif args.words:
        for word in words:
            print(f"{shown(path)}\t{word.start:.2f}\t{word.end:.2f}\t{shown(word.text)}\t{word.confidence:.2f}")
    else:
        print(f"{shown(path)}\t{shown(text)}")


def _show(path, label, probability, probabilities):
    print(f"{shown(path)}\t{shown(label)}\t{probability:.4f}")


def _show_json(path, label, probability, probabilities):
    print_json({"file": path, "label": label, "probability": probability, "probabilities": probabilities})


def _freeze(args):
    from ..deploy.freezing import freeze
    from ..frozen.archive import save

    training.check_output(args.output, [".sklspeech", ".joblib"])
    model = load_model(args.model)
    with quiet_tensorflow():
        frozen = freeze(model)
    if args.output.suffix.lower() == ".joblib":
        training.save(frozen, args.output)
    else:
        save(frozen, args.output)
        training.report(args.output)
    return 0


def _export(args):
    from ..deploy.exporting import export

    training.check_output(args.output, [".onnx", ".tflite"])
    model = load_model(args.model)
    with quiet_tensorflow():
        export(model, args.output)
    training.report(args.output)
    return 0


def _info(args):
    from ..frozen.archive import read_manifest

    archive = is_archive(args.model)
    _show_info("file", f"{args.model} ({args.model.stat().st_size / 1e6:.1f} MB)")
    if archive:
        _show_info("kind", "archive, no pickle")
        manifest = read_manifest(args.model)
        around = [manifest["around"]["class"]] if "around" in manifest else []
        steps = [*around, *(step["class"] for step in manifest["steps"])]
        rate, labels = manifest["sample_rate"], manifest["labels"]
        _show_info("created", manifest["created"])
        _show_info("versions", ", ".join(f"{name} {version}" for name, version in manifest["versions"].items()))
    else:
        _show_info("kind", "pickle: loading it runs what is in it, trust its source")
        model = load_pickle(args.model)
        estimators = [step for _, step in getattr(model, "steps", [("", model)])]
        steps = [type(step).__name__ for step in estimators]
        last = estimators[-1]
        rate = getattr(estimators[0], "sample_rate", None)
        labels = last.symbols_ if hasattr(last, "symbols_") else model.classes_.tolist()
    _show_info("steps", ", ".join(steps))
    _show_info("sample rate", "unknown" if rate is None else f"{rate} Hz")
    kind = "symbols" if steps[-1] in ("SpeechTranscriber", "FrozenTranscriber") else "labels"
    _show_info(kind, f"{len(labels)}: {', '.join(map(str, labels))}")
    return 0


def _show_info(name, value):
    print(f"{name:12} {shown(value)}", flush=True)
