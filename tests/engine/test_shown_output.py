"""What the documentation shows is what the commands print."""

from pathlib import Path

import pytest
from project_scripts import load_script

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SHOWN = load_script("shown_output")


@pytest.mark.parametrize(
    "page", SHOWN.pages(), ids=lambda page: page.path.relative_to(SHOWN.DOCS).as_posix()
)
def test_page_shows_what_the_commands_print(page) -> None:
    if page.start != "nothing" and not (DATA / page.start).is_dir():
        pytest.skip(f"the real data {page.start} are not here")
    with SHOWN.starting_folder(page.start, DATA) as folder:
        printed = page.updated(folder)
    assert SHOWN.differences(page.path.read_text(encoding="utf-8"), printed) == []


def test_other_words_and_far_numbers_differ() -> None:
    assert SHOWN.differences("82 found in a\n", "83 found in a\n") == []
    assert SHOWN.differences("82 found in a\n", "92 found in a\n")
    assert SHOWN.differences("82 found in a\n", "82 found in b\n")
    assert SHOWN.differences("82 found\n", "82 found\nmore\n")
