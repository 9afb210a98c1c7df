"""Every error that sklspeech raises by a name of its own."""

from ._runtime.public import public


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
