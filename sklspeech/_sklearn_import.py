"""Imports scikit-learn without scipy.stats and pandas, which would be a third to a half of a cold start.

scikit-learn 1.9 imports both for functions that few of its estimators call (its pull request 34265 puts that off until
they are called). Here other modules stand in for them while it is imported, and are gone when it is. Of our modules,
those that production imports first import this one before all else.
"""

import sys
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType


class _StandIn(ModuleType):
    """Imports the module that it stands in for when a name of it is asked for."""

    def __getattr__(self, name):
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


@contextmanager
def _stand_ins(*names):
    stand_ins = {name: _StandIn(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


with _stand_ins("scipy.stats", "pandas"):
    import sklearn.pipeline  # noqa: F401
