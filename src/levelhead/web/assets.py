"""Puts what pages need from other projects where they find it: `python -m levelhead.web.assets`.

Standard library only, so that it runs before anything else is set up. Copies from node_modules
(after `npm ci`) and from the wheel of django-htmx into static/vendor, which git ignores, and
compiles the texts in other languages.
"""

from __future__ import annotations

import gzip
import importlib.util
import re
import shutil
import sys
from pathlib import Path
from typing import Final

from levelhead.web.catalog import CatalogError, compile_all

PACKAGE: Final = Path(__file__).resolve().parent
VENDOR: Final = PACKAGE / "static" / "vendor"
USWDS: Final = Path("@uswds") / "uswds" / "dist"
HTMX: Final = Path("static") / "django_htmx" / "htmx-2.min.js"
WEIGHTS: Final = ("Regular", "Italic", "SemiBold", "Bold")
# Icons named by the components that pages use; others are never asked for.
_ICON: Final = re.compile(r"url\(\.\./(img/(?:usa-icons|usa-icons-bg)/[a-z_-]+\.svg)\)")
_SQUEEZED: Final = (".css", ".js", ".svg")
_OTHER_PICTURES: Final = ("img/correct8.svg", "img/correct8-alt.svg", "img/sprite.svg")


class AssetsMissingError(Exception):
    """A file that pages need is not there."""


def find_node_modules(start: Path) -> Path:
    """The node_modules folder of `start` or of one above it. Raises AssetsMissingError."""
    for folder in (start, *start.parents):
        if (folder / "node_modules" / USWDS).is_dir():
            return folder / "node_modules"
    raise AssetsMissingError(
        f"USWDS was not found in node_modules at or above {start}. Run `npm ci --omit=dev` there."
    )


def find_htmx() -> Path:
    """The htmx script in the wheel of django-htmx. Raises AssetsMissingError."""
    spec = importlib.util.find_spec("django_htmx")
    if spec is None or spec.origin is None:
        raise AssetsMissingError("django-htmx is not installed; install Levelhead's dependencies.")
    path = Path(spec.origin).parent / HTMX
    if not path.is_file():
        raise AssetsMissingError(f"{path} is missing; install django-htmx 1.21 or later.")
    return path


def copy_assets(node_modules: Path, vendor: Path = VENDOR) -> list[Path]:
    """Copy every file that pages ask for; gives what was written. Raises AssetsMissingError."""
    source = node_modules / USWDS
    css = source / "css" / "uswds.min.css"
    if not css.is_file():
        raise AssetsMissingError(f"{css} is missing. Run `npm ci --omit=dev` again.")
    styles = css.read_text(encoding="utf-8")
    wanted = {f"fonts/public-sans/PublicSans-{weight}.woff2" for weight in WEIGHTS}
    wanted |= set(_ICON.findall(styles)) | set(_OTHER_PICTURES)
    written = [_copy(source / name, vendor / "uswds" / name) for name in sorted(wanted)]
    target = vendor / "uswds" / "css" / "uswds.min.css"
    target.parent.mkdir(parents=True, exist_ok=True)
    # Without its map: the reference would be asked for in vain.
    target.write_text(re.sub(r"/\*# sourceMappingURL=.*?\*/", "", styles), encoding="utf-8")
    written.append(target)
    written.append(_copy(source.parent / "LICENSE.md", vendor / "uswds" / "LICENSE.md"))
    written.append(_copy(find_htmx(), vendor / "htmx" / "htmx.min.js"))
    return written + [_squeeze(path) for path in written if path.suffix in _SQUEEZED]


def _copy(source: Path, target: Path) -> Path:
    if not source.is_file():
        raise AssetsMissingError(f"{source} is missing. Run `npm ci --omit=dev` again.")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target


def _squeeze(path: Path) -> Path:
    """A compressed twin, which the server gives to browsers that take it; the same every time."""
    target = path.with_name(f"{path.name}.gz")
    target.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    return target


def main() -> int:
    """Copy and compile, and say how much."""
    try:
        written = copy_assets(find_node_modules(Path.cwd()))
        written += compile_all()
    except (AssetsMissingError, CatalogError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    size = sum(path.stat().st_size for path in written)
    sys.stdout.write(f"{len(written)} files, {size // 1024} KiB below {PACKAGE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
