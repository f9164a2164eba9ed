"""Version, licence, citation and links."""

from __future__ import annotations

import configparser

from ..i18n import tr
from ..messages import escaped
from ..paths import shipped

LICENCE = "https://www.gnu.org/licenses/gpl-3.0.html"


def metadata() -> dict[str, str]:
    """The plugin's ``metadata.txt``."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(shipped("metadata.txt"), encoding="utf-8")
    return dict(parser["general"])


def text() -> str:
    """The page as rich text."""
    known = metadata()
    links = " · ".join(
        f'<a href="{escaped(known[name])}">{title}</a>'
        for name, title in (
            ("homepage", tr("Website")),
            ("tracker", tr("Report a problem")),
            ("repository", tr("Source")),
        )
    )
    return (
        f"<h3>{escaped(known['name'])} {escaped(known['version'])}</h3>"
        f"<p>{escaped(known['author'])}. "
        + tr("Free software under the {licence}, without any warranty.").format(
            licence=f'<a href="{LICENCE}">GNU GPL 3</a>'
        )
        + "</p><p>"
        + tr("Please cite:")
        + f" <i>{escaped(citation())}</i></p><p>{links}</p>"
    )


def citation() -> str:
    """How to cite the program."""
    known = metadata()
    return f"{known['author']}: {known['name']}, version {known['version']}. {known['homepage']}"
