"""Imports scikit-learn without scipy.stats and pandas, which would be a third to a half of a cold start.

scikit-learn 1.9 imports both for functions that few of its estimators call; its pull request 34265, merged after that,
puts it off until they are called. Here other modules stand in for them while it is imported, and are gone when it is.
Only where there is one thread: another one that then imported a submodule of theirs, pandas.errors for example, would
load it twice. Of our modules, those that production imports first import this one before all else.
"""

import sys
import threading
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


class _StandIn(ModuleType):
    """Imports the module that it stands in for when a name of it is asked for."""

    def __getattr__(self, name):
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


@contextmanager
def _stand_ins(*names):
    """Let other modules stand in for those of the names that are installed and have not been imported."""
    is_alone = threading.active_count() == 1
    stand_ins = {name: _StandIn(name) for name in names if is_alone and name not in sys.modules and find_spec(name)}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


with _stand_ins("scipy.stats", "pandas"):
    import sklearn.pipeline  # noqa: F401
