"""The commands that measure: evaluate, compare, check."""

import sys
from pathlib import Path

from .._runtime.files import check_writable
from .console import list_recordings, load_folder, load_model, print_json, shown

_WORST = 5  # clips that are shown
_FEW_SPEAKERS = 10  # each of whom is left out by itself


def evaluate(args):
    """Measure a model on a folder of recordings.

    Parameters
    ----------
    args : argparse.Namespace

    Returns
    -------
    code : int
    """
    for path in filter(None, (args.confusion, args.report)):
        check_writable(path)
    model = load_model(args.model)
    is_transcriber = hasattr(model, "predict_words")
    if args.confusion and is_transcriber:
        raise ValueError(f"--confusion is for models of labels, {args.model} writes sentences")
    speech = load_folder(args, "text" if is_transcriber else "label", file=sys.stderr if args.json else None)
    measures = (_measure_sentences if is_transcriber else _measure_labels)(model, speech, args)
    if args.json:
        print_json(measures)
    if args.report:
        from ..reports import error_report

        error_report(model, speech.data, speech.target, speech.groups, page=args.report)
        print(f"saved {shown(args.report)}", file=sys.stderr)
    return 0


def _measure_labels(model, speech, args):
    from sklearn.metrics import accuracy_score, classification_report

    unknown = sorted(set(speech.target_names) - set(model.classes_))
    if unknown:
        raise ValueError(f"{args.root} has labels that the model was not trained on: {unknown}")
    predicted = model.predict(speech.data)
    if args.confusion:
        _draw_confusion(speech.target, predicted, args.confusion)
    accuracy = float(accuracy_score(speech.target, predicted))
    by_speaker = _by_speaker(accuracy_score, speech, predicted)
    details = {"digits": 3, "zero_division": 0}
    if args.json:
        report = classification_report(speech.target, predicted, output_dict=True, **details)
        by_label = {label: report[label] for label in speech.target_names}
        return {"accuracy": accuracy, "by_speaker": by_speaker, "by_label": by_label}
    print(shown(classification_report(speech.target, predicted, **details), keep="\n"))
    if by_speaker:
        print("accuracy by speaker")
        for speaker, score in by_speaker.items():
            print(f"  {shown(speaker):20} {score:.3f}  of {(speech.groups == speaker).sum()}")
    print(f"accuracy {accuracy:.4f}")
    return {}


def _measure_sentences(model, speech, args):
    from ..metrics import character_error_rate, word_error_rate

    heard = model.predict(speech.data)
    by_speaker = _by_speaker(word_error_rate, speech, heard)
    rates = {
        "character_error_rate": character_error_rate(speech.target, heard),
        "word_error_rate": word_error_rate(speech.target, heard),
    }
    if args.json:
        return rates | {"by_speaker": by_speaker}
    _show_worst(speech, heard)
    for speaker, rate in by_speaker.items():
        print(f"  {shown(speaker):20} word errors {rate:.3f}  in {(speech.groups == speaker).sum()} clips")
    print(f"character errors {rates['character_error_rate']:.4f}")
    print(f"word errors {rates['word_error_rate']:.4f}")
    return {}


def _by_speaker(score, speech, predicted):
    """The score of every speaker, or of none."""
    if speech.groups is None:
        return {}
    own = {speaker: speech.groups == speaker for speaker in sorted(set(speech.groups))}
    return {str(who): float(score(speech.target[which], predicted[which])) for who, which in own.items()}


def _show_worst(speech, heard):
    import numpy as np

    from ..metrics import edit_alignment, word_error_rate

    errors = [word_error_rate([said], [found]) for said, found in zip(speech.target, heard, strict=True)]
    print(f"the worst {_WORST} of {len(heard)} clips")
    for i in np.argsort(errors, kind="stable")[::-1][:_WORST]:
        print(f"\n{shown(speech.data[i])}\n{shown(edit_alignment(speech.target[i], heard[i]), keep=chr(10))}")
    print()


def _draw_confusion(y_true, y_pred, path):
    from .._runtime.requirements import require_extra

    require_extra("--confusion", "display", "matplotlib")
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    n_labels = len(set(y_true) | set(y_pred))
    size = max(4.0, 1.5 + 0.35 * n_labels)
    figure = Figure(figsize=(size, size), layout="constrained")
    ConfusionMatrixDisplay.from_predictions(
        y_true, y_pred, ax=figure.subplots(), cmap="Blues", colorbar=False, xticks_rotation="vertical"
    )
    figure.savefig(path)
    print(f"saved {shown(path)}", file=sys.stderr)


def folds_of(text, groups):
    """The folds that --cv asks for.

    Parameters
    ----------
    text : str
        "groups", or a number.
    groups : ndarray of shape (n,) or None
        Speakers.

    Returns
    -------
    cv : int or splitter
    """
    from sklearn.model_selection import LeaveOneGroupOut

    if text == "groups":
        if groups is None:
            raise ValueError("--cv groups leaves out speakers, who are not known here: give --pattern or a number")
        return LeaveOneGroupOut() if len(set(groups)) <= _FEW_SPEAKERS else 5
    if not text.isdigit() or int(text) < 2:
        raise ValueError(f"--cv must be 'groups' or a number of folds from 2, got {text!r}")
    return int(text)


def compare(args, make_pipeline):
    """Cross-validate features and networks on a folder of recordings.

    Parameters
    ----------
    args : argparse.Namespace
    make_pipeline : callable
        From the names of features and network.

    Returns
    -------
    code : int
    """
    from .. import reports

    if args.plot:
        check_writable(args.plot)
    speech = load_folder(args, "text" if args.text else "label")
    names = [(features, network) for features in args.features for network in args.network]
    candidates = {f"{features} {network}": make_pipeline(features, network) for features, network in names}
    cv = None if args.cv is None else folds_of(args.cv, speech.groups)
    table = reports.compare(candidates, speech.data, speech.target, speech.groups, cv=cv)
    print(shown(table.drop(columns="scores").round(4).to_string(), keep="\n"))
    if args.plot:
        from ..display import ComparisonDisplay

        ComparisonDisplay.from_table(table).figure_.savefig(args.plot)
        print(f"saved {shown(args.plot)}")
    return 0


def _load_any(args):
    """The recordings of a folder, with or without labels."""
    from sklearn.utils import Bunch

    root = Path(args.root)
    is_described = args.manifest or args.pattern or (root / "manifest.csv").is_file()
    if root.is_dir() and not is_described and not any(path.is_dir() for path in root.iterdir()):
        paths = list_recordings([str(root)])
        return Bunch(data=paths, target=[""] * len(paths), groups=None)
    return load_folder(args, "auto", file=sys.stderr)


def check(args):
    """Tell what is in a folder of recordings, and what is wrong with it.

    Parameters
    ----------
    args : argparse.Namespace

    Returns
    -------
    code : int
        1 where there are faults.
    """
    from ..reports import dataset_report

    speech = _load_any(args)
    report = dataset_report(speech, n_jobs=-1)
    if args.json:
        for fault in report.faults.to_dict("records"):
            print_json(fault)
    else:
        for fault in report.faults.to_dict("records"):
            print(f"{shown(Path(fault['path']))}\t{fault['fault']}\t{shown(fault['detail'])}")
        print(shown(report.summary(), keep="\n"))
    return 1 if len(report.faults) else 0
