"""Imports scikit-learn without scipy.stats and pandas, which would be a third to a half of a cold start.

scikit-learn 1.9 imports both for functions that few of its estimators call; its pull request 34265, merged after that,
defers it until they are called. The command line alone does this: in somebody else's program it would be a surprise.
"""

import sys
import threading
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


def import_scikit_learn():
    """Import scikit-learn without what a cold start does not need.

    Only where there is one thread: another one that then imported a submodule, pandas.errors for example, would load it
    twice.
    """
    with deferred("scipy.stats", "pandas"):
        import_module("sklearn.pipeline")


@contextmanager
def deferred(*names):
    """Let other modules stand in for those of the names that are installed and have not been imported.

    Parameters
    ----------
    *names : str
        Modules, which are imported when a name of theirs is asked for.
    """
    is_alone = threading.active_count() == 1
    wanted = [name for name in names if is_alone and name not in sys.modules and find_spec(name)]
    stand_ins = {name: _DeferredModule(name) for name in wanted}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


class _DeferredModule(ModuleType):
    """Imports the module that it stands in for when a name of it is asked for."""

    def __getattr__(self, name):
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)
