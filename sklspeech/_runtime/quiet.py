"""TensorFlow without its greetings."""

import logging
import os
import sys
from contextlib import contextmanager

_VARIABLE = "TF_CPP_MIN_LOG_LEVEL"
_LEVEL = "3"  # not even errors, which come as exceptions as well: a machine without a GPU would be one


def import_keras():
    """Import Keras, and silently what it trains with, unless the user has set how much TensorFlow is to say."""
    if "keras" in sys.modules:
        return
    with quiet_tensorflow():
        import keras  # noqa: F401
    if os.environ.get(_VARIABLE) == _LEVEL:
        logging.getLogger("tensorflow").addFilter(_is_no_false_alarm)


def _is_no_false_alarm(record):
    """Every network is traced once, and a search has many: TensorFlow takes that for a fault of the program."""
    return "triggered tf.function retracing" not in record.getMessage()


@contextmanager
def quiet_tensorflow():
    """Keep TensorFlow's greetings off the terminal, some of which no setting silences.

    Where the user has set TF_CPP_MIN_LOG_LEVEL, nothing is changed.
    """
    if os.environ.get(_VARIABLE, _LEVEL) != _LEVEL:
        yield
        return
    os.environ[_VARIABLE] = _LEVEL  # of what comes later, when devices are looked for
    sys.stderr.flush()
    stderr = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
