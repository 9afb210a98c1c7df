"""The command train, and what other commands need of it: pipelines by name, training, files."""

import time

from .._runtime.files import atomic_write, check_writable
from .console import load_folder, shown, start_tensorflow
from .evaluation import folds_of

NETWORKS = {"cnn": "SpeechCNN", "rnn": "SpeechRNN", "crnn": "SpeechCRNN", "transformer": "SpeechTransformer"}
FEATURES = {"mel": "MelFeatures", "mfcc": "MFCCFeatures"}


def train(args):
    """Train a model on a folder of recordings.

    Parameters
    ----------
    args : argparse.Namespace

    Returns
    -------
    code : int
    """
    if args.language_model and not args.text:
        raise ValueError("--language-model is for --text")
    speech = load_folder(args, "text" if args.text else "label")
    check_output(args.output, [".joblib"])
    pipeline = make_pipeline(args, args.features, args.network, args.language_model)
    if args.cv:
        _cross_validate(pipeline, speech, folds_of(args.cv, speech.groups))
    save(fit(pipeline, speech.data, speech.target), args.output)
    return 0


def make_pipeline(args, features, network, language_model=None):
    """A pipeline that is not trained, of names of features and network.

    Parameters
    ----------
    args : argparse.Namespace
        With text, epochs and seed.
    features : str
        Of `FEATURES`.
    network : str
        Of `NETWORKS`.
    language_model : str or None, default=None

    Returns
    -------
    pipeline : Pipeline
    """
    import sklspeech

    start_tensorflow()
    params = {"random_state": args.seed} | ({} if args.epochs is None else {"epochs": args.epochs})
    if args.text:
        params |= {"encoder": network}
        if language_model:
            params |= {"decoder": "beam", "language_model": language_model}
        last = sklspeech.SpeechTranscriber(**params)
    else:
        last = getattr(sklspeech, NETWORKS[network])(**params)
    first = getattr(sklspeech, FEATURES[features])(n_jobs=-1, **({"duration": None} if args.text else {}))
    return sklspeech.Pipeline([first, last])


def _cross_validate(pipeline, speech, cv):
    from sklearn.model_selection import cross_val_score

    from ..reports.folds import make_folds

    folds = make_folds(cv, speech.target, speech.groups, pipeline)
    scores = cross_val_score(pipeline, speech.data, speech.target, cv=folds, error_score="raise")
    for i, (score, (_, test)) in enumerate(zip(scores, folds, strict=True)):
        speakers = [] if speech.groups is None else sorted(set(speech.groups[test]))
        print(f"  {shown(', '.join(speakers[:3]) or f'fold {i + 1}'):30} {score:.3f}  of {len(test)}")
    print(f"cross-validation: {scores.mean():.4f} ± {scores.std():.4f}", flush=True)


def fit(pipeline, clips, labels):
    """Train a pipeline, with a progress bar.

    Parameters
    ----------
    pipeline : Pipeline
    clips : sequence
    labels : sequence

    Returns
    -------
    pipeline : Pipeline
    """
    import sklspeech

    start_tensorflow()
    start = time.perf_counter()
    pipeline.set_callbacks(sklspeech.ProgressBar()).fit(clips, labels)
    print(f"trained in {time.perf_counter() - start:.0f} s")
    return pipeline.set_callbacks()


def check_output(path, endings):
    """Raise ValueError where a file cannot be written, before the work is done.

    Parameters
    ----------
    path : Path
    endings : list of str
    """
    check_writable(path)
    if path.suffix.lower() not in endings:
        raise ValueError(f"{path} must end in {' or '.join(endings)}")


def save(pipeline, path):
    """Write a pickle, whole or not at all.

    Parameters
    ----------
    pipeline : estimator
    path : Path
    """
    import joblib

    with atomic_write(path) as unchecked:
        joblib.dump(pipeline, unchecked)
    report(path)


def report(path):
    """Tell that a file was written.

    Parameters
    ----------
    path : Path
    """
    print(f"saved {path} ({path.stat().st_size / 1e6:.1f} MB)")
