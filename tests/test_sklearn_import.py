"""scikit-learn without what it imports and does not need."""

import subprocess
import sys

import pytest

from sklspeech._sklearn_import import _stand_ins


def run(code):
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("module", ["sklspeech.pipeline", "sklspeech.archive"])
def test_first_import_does_without(module):
    run(f"import sys, {module}; assert not {{'scipy.stats', 'scipy.stats._stats_py', 'pandas'}} & set(sys.modules)")


def test_what_was_left_out_is_there_when_it_is_needed():
    run("""if True:
        import sys
        import sklspeech.pipeline
        from sklearn.preprocessing import PowerTransformer  # its module asked for scipy.stats while that was left out

        print(PowerTransformer().fit_transform([[1.0], [2.0], [4.0]]))
        import pandas
        import scipy.stats

        for module in scipy.stats, pandas:
            assert module is sys.modules[module.__name__] and module.__file__
    """)


def test_stand_in_imports_the_module_when_asked_for_a_name(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with _stand_ins("colorsys"):
        import colorsys

        stand_in = sys.modules["colorsys"]
        assert colorsys.rgb_to_yiq(0, 0, 0) == (0, 0, 0)
        assert sys.modules["colorsys"] is not stand_in
    assert sys.modules["colorsys"].rgb_to_yiq is colorsys.rgb_to_yiq


def test_stand_in_is_gone_where_nobody_asked(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with _stand_ins("colorsys", "sys"):
        assert sys.modules["sys"] is sys
        assert "colorsys" in sys.modules
    assert "colorsys" not in sys.modules


def test_stand_in_for_what_is_not_installed_says_so():
    with _stand_ins("no_such_module"):
        import no_such_module

        with pytest.raises(ModuleNotFoundError, match="no_such_module"):
            no_such_module.anything  # noqa: B018
