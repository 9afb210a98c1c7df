"""What stands in for modules while scikit-learn is imported; test_imports.py sees that it helps."""

import subprocess
import sys
import threading

import pytest

from sklspeech._runtime.deferred_imports import deferred

IMPORT = "from sklspeech._runtime.deferred_imports import import_scikit_learn; import_scikit_learn()"
POSTPONED = {"scipy.stats", "scipy.stats._stats_py", "pandas"}


def run(code):
    """Which of the modules that can wait a fresh process has imported after some code."""
    code += f"\nimport sys; print(*{POSTPONED} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_beside_another_thread_scikit_learn_is_imported_as_it_is():
    wait = "import threading; event = threading.Event(); threading.Thread(target=event.wait, daemon=True).start()"
    assert {"scipy.stats", "scipy.stats._stats_py"} <= run(f"{wait}; {IMPORT}; event.set()")


def test_what_was_left_out_is_there_when_it_is_needed():
    code = """if True:
        from sklspeech._runtime.deferred_imports import import_scikit_learn

        import_scikit_learn()
        from sklearn.preprocessing import PowerTransformer  # its module asked for scipy.stats while that was left out

        PowerTransformer().fit_transform([[1.0], [2.0], [4.0]])
        import pandas
        import scipy.stats
        import sys

        for module in scipy.stats, pandas:
            assert module is sys.modules[module.__name__] and type(module) is type(sys)
    """
    assert run(code) == POSTPONED


@pytest.fixture
def not_imported(monkeypatch):
    """A small module of the standard library, which nothing has imported; this thread is alone."""
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    return "colorsys"


def test_stand_in_imports_the_module_when_asked_for_a_name(not_imported):
    with deferred(not_imported):
        import colorsys

        stand_in = sys.modules[not_imported]
        assert colorsys.rgb_to_yiq(0, 0, 0) == (0, 0, 0)
        assert sys.modules[not_imported] is not stand_in
    assert sys.modules[not_imported].rgb_to_yiq is colorsys.rgb_to_yiq


def test_stand_in_is_gone_where_nobody_asked(not_imported):
    with deferred(not_imported, "sys"):
        assert sys.modules["sys"] is sys
        assert not_imported in sys.modules
    assert not_imported not in sys.modules


def test_nothing_stands_in_for_what_is_not_installed(not_imported):
    with deferred("no_such_module"), pytest.raises(ModuleNotFoundError, match="no_such_module"):
        import no_such_module  # noqa: F401
