"""Libraries that a part of sklspeech needs, and an installation may lack on purpose."""

from importlib.util import find_spec


def require(purpose, **packages):
    """Raise where a library is not installed.

    Parameters
    ----------
    purpose : str
        What needs them, as the beginning of a sentence.
    **packages : str
        What pip is to install, by the name of the module.

    Raises
    ------
    ModuleNotFoundError
        One is missing.
    """
    missing = [name for name in packages if not _is_installed(name)]
    if missing:
        wanted = " ".join(packages[name] for name in missing)
        raise ModuleNotFoundError(
            f"{purpose} with {' and '.join(missing)}, which this installation lacks: pip install tensorflow {wanted}. "
            "A frozen pipeline needs neither"
        )


def _is_installed(name):
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def require_extra(purpose, extra, *modules):
    """Raise where libraries of an extra are not installed.

    Parameters
    ----------
    purpose : str
        What needs them, as the beginning of a sentence.
    extra : str
        The extra that has them.
    *modules : str
        Names of their modules.

    Raises
    ------
    ModuleNotFoundError
        One is missing.
    """
    missing = [name for name in modules if not _is_installed(name)]
    if missing:
        raise ModuleNotFoundError(f"{purpose} needs {' and '.join(missing)}: pip install 'sklspeech[{extra}]'")
