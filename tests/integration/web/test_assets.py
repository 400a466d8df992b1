"""What pages ask for is copied, and what is missing is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from levelhead.web import assets


def make_modules(folder: Path) -> Path:
    dist = folder / "node_modules" / assets.USWDS
    files = {f"fonts/public-sans/PublicSans-{weight}.woff2": "w" for weight in assets.WEIGHTS}
    files |= dict.fromkeys(assets._OTHER_PICTURES, "<svg/>")
    files["img/usa-icons/close.svg"] = "<svg/>"
    files["img/hero.jpg"] = "not asked for"
    files["css/uswds.min.css"] = (
        "a{background:url(../img/usa-icons/close.svg)}/*# sourceMappingURL=uswds.min.css.map */"
    )
    for name, content in files.items():
        (dist / name).parent.mkdir(parents=True, exist_ok=True)
        (dist / name).write_text(content)
    (dist.parent / "LICENSE.md").write_text("licence")
    return folder / "node_modules"


def test_only_what_pages_ask_for_is_copied(tmp_path: Path) -> None:
    modules = make_modules(tmp_path)
    vendor = tmp_path / "vendor"
    written = assets.copy_assets(assets.find_node_modules(modules.parent), vendor)
    assert all(path.is_file() for path in written)
    assert (vendor / "uswds/img/usa-icons/close.svg").is_file()
    assert (vendor / "htmx/htmx.min.js").is_file()
    assert not (vendor / "uswds/img/hero.jpg").exists()
    assert "sourceMappingURL" not in (vendor / "uswds/css/uswds.min.css").read_text()


def test_a_missing_package_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(assets.AssetsMissingError, match="npm ci"):
        assets.find_node_modules(tmp_path)
    modules = make_modules(tmp_path)
    (modules / assets.USWDS / "img/sprite.svg").unlink()
    with pytest.raises(assets.AssetsMissingError, match=r"sprite\.svg is missing"):
        assets.copy_assets(modules, tmp_path / "vendor")


def test_our_own_pages_hold_no_script_and_no_style() -> None:
    templates = [
        path for path in assets.PACKAGE.parent.rglob("templates/**/*.html") if path.is_file()
    ]
    assert len(templates) > 20
    for path in templates:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), path
        # A block of data is no script: no browser runs it.
        assert not re.search(r'<script(?![^>]*(?:\ssrc=|type="application/ld\+json"))', text), path
        assert not re.search(r"\|safe\b|autoescape off", text), path
