"""What is bound: enough to run, nothing of the caller's."""

from __future__ import annotations

import sys
from pathlib import Path

from nephoscope.boundary.sandbox import layout as module
from nephoscope.boundary.sandbox.layout import layout
from nephoscope.boundary.sandbox.uids import COUNT, UNUSED, first_uid, leased_uid


def test_the_interpreter_is_there_and_the_home_is_not():
    here = layout()
    bound = [Path(bind) for bind in here.binds]
    assert any(Path(sys.executable).resolve().is_relative_to(bind) for bind in bound)
    assert not any(Path.home().is_relative_to(bind) for bind in bound)
    assert "/" not in here.binds and all(not a.is_relative_to(b) for a in bound for b in bound if a != b)
    assert all(str(parent) in here.parents() for bind in bound for parent in bound and bind.parents if str(parent) != "/")


def test_a_prefix_around_the_home_is_bound_in_pieces(monkeypatch, tmp_path):
    prefix = tmp_path / "people"
    home = prefix / "somebody"
    (prefix / "bin").mkdir(parents=True)
    home.mkdir()
    monkeypatch.setattr(module.sys, "prefix", str(prefix))
    monkeypatch.setattr(module.Path, "home", classmethod(lambda cls: home))
    bound = [Path(bind) for bind in layout().binds]
    assert prefix / "bin" in bound and not any(home.is_relative_to(bind) for bind in bound)


def test_packages_installed_in_place_are_bound_and_importable(monkeypatch, tmp_path):
    package = tmp_path / "source" / "somewhere_else"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(package.parent))
    here = layout(["somewhere_else.part", "no_such_package_at_all"])
    assert str(package) in here.binds and str(package.parent) in here.path
    assert str(package.parent) not in here.binds


def test_packages_that_only_their_owner_may_read_are_noticed(tmp_path):
    package = tmp_path / "package"
    package.mkdir(mode=0o755)
    place = module.Layout(python="", binds=(str(tmp_path),), links=(), path=(str(tmp_path),))
    tmp_path.chmod(0o755)
    assert place.closed_to_others() is None
    package.chmod(0o700)
    assert place.closed_to_others() == str(package)
    tmp_path.chmod(0o700)
    assert place.closed_to_others() == str(tmp_path)


def test_uids_exist_here_and_are_nobody_s():
    assert first_uid("0 0 4294967295") == UNUSED
    assert first_uid("0 100000 65536") == 65536 - 2 * COUNT
    assert first_uid("0 1000 1") is None


def test_two_leases_are_two_uids():
    if first_uid() is None:
        return
    with leased_uid() as one, leased_uid() as other:
        assert one != other
    with leased_uid() as again:
        assert again == one
