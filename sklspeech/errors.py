"""Every error and warning that sklspeech raises by a name of its own."""

from ._runtime.public import public

_MAX_FAULT = 300  # characters


@public
class AudioError(ValueError):
    """A recording that cannot be used.

    Parameters
    ----------
    source : str
        The path of the file, or the position of the waveform in X, or the duration that all are to have.
    fault : str
        The fault, as the end of a sentence.

    Examples
    --------
    >>> from sklspeech import AudioError, AudioLoader
    >>> try:
    ...     AudioLoader().fit_transform(["missing.wav"])
    ... except AudioError as error:
    ...     print(error.fault)
    does not exist
    """

    def __init__(self, source, fault):
        super().__init__(source, fault)
        self.source = source
        self.fault = fault

    def __str__(self):
        return f"{self.source}: {self.fault}"


def check_each(check, clips):
    """Check clips, and raise one error where some cannot be used, which tells how many.

    Parameters
    ----------
    check : callable
        Takes a clip and its position, and raises AudioError.
    clips : sequence

    Returns
    -------
    checked : list
        What `check` returned.

    Raises
    ------
    AudioError
        The first one.
    """
    checked, errors = [], []
    for position, clip in enumerate(clips):
        try:
            checked.append(check(clip, position))
        except AudioError as error:
            errors.append(error)
    if len(errors) > 1:
        first = errors[0]
        raise AudioError(first.source, f"{first.fault} ({len(errors)} of {len(clips)} clips cannot be used)")
    if errors:
        raise errors[0]
    return checked


@public
class AudioWarning(UserWarning):
    """A recording, or several, that can be used, though what comes of it may not be what was meant.

    ``warnings.simplefilter("error", sklspeech.AudioWarning)`` makes an error of it.
    """


@public
class ArchiveError(ValueError):
    """A file that is no sound archive of a frozen pipeline.

    Parameters
    ----------
    fault : str
        The fault, as the end of a sentence.
    path : str, default=""
        The file.
    """

    def __init__(self, fault, path=""):
        fault = fault if len(fault) <= _MAX_FAULT else f"{fault[:_MAX_FAULT]} ..."  # a file may say anything
        super().__init__(fault, path)
        self.fault = fault
        self.path = path

    def __str__(self):
        return f"{self.path}: {self.fault}" if self.path else self.fault


@public
class DeployError(RuntimeError):
    """A frozen or exported model does not give the probabilities of the original."""


@public
class FrozenError(RuntimeError):
    """A frozen estimator was asked to train."""
