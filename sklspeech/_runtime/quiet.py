"""TensorFlow without its greetings."""

import logging
import os
import sys
import threading
from contextlib import contextmanager

_VARIABLE = "TF_CPP_MIN_LOG_LEVEL"
_lock = threading.RLock()  # of two threads the second would take nowhere for the terminal
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
    if sys.stderr is not None:
        sys.stderr.flush()
    with _lock:
        try:
            stderr = os.dup(2)
        except OSError:  # there is none, as of a service
            yield
            return
        try:
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
