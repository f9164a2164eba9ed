"""Notes of a stack on itself, damaged in every way that keeps it a raster."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from engine.errors import UnreadableFileError
from engine.scene.stack import PROVENANCE_TAG, stack_provenance


def noted(path: Path, text: str | None) -> Path:
    with rasterio.open(path, "w", driver="GTiff", width=2, height=2, count=1, dtype="uint8") as out:
        out.write(np.ones((1, 2, 2), np.uint8))
        if text is not None:
            out.update_tags(**{PROVENANCE_TAG: text})
    return path


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    "text", ["{", "0", "[]", "[" * 50_000, '{"imagery": 1}', '{"before": [1]}']
)
def test_damaged_notes_are_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnreadableFileError, match="is damaged"):
        stack_provenance(noted(tmp_path / "a.tif", text))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_no_notes_are_no_damage(tmp_path: Path) -> None:
    assert stack_provenance(noted(tmp_path / "a.tif", None)) == {}
    assert stack_provenance(noted(tmp_path / "b.tif", '{"imagery": [{"name": "x"}]}')) != {}
