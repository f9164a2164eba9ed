import json
import os
from datetime import date
from pathlib import Path

import pytest

from engine.errors import OutputError
from engine.files import ResultFolder, write_json


def test_a_result_folder_names_every_file_once(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    names = [name for name, value in vars(ResultFolder).items() if isinstance(value, property)]
    paths = {getattr(folder, name) for name in names}
    assert len(paths) == len(names)
    assert {path.parent for path in paths} == {tmp_path}
    assert folder.layer("uncertainty") == folder.uncertainty == tmp_path / "uncertainty.tif"


@pytest.mark.parametrize("durable", [False, True])
def test_json_is_written_whole_and_readable(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "record.json"
    content = {"name": "Éboulement", "path": tmp_path, "day": date(2020, 1, 2)}
    write_json(path, content, durable=durable)
    assert "Éboulement" in path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["day"] == "2020-01-02"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="there, links need rights that tests lack")
def test_a_link_as_output_is_followed_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "record.json", tmp_path / "link.json"
    link.symlink_to(target)
    write_json(link, {"a": 1})
    assert link.is_symlink()
    assert json.loads(target.read_text()) == {"a": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "link.json"]


@pytest.mark.skipif(os.name == "nt", reason="there, links need rights that tests lack")
def test_links_in_a_circle_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.json").symlink_to(tmp_path / "b.json")
    (tmp_path / "b.json").symlink_to(tmp_path / "a.json")
    with pytest.raises(OutputError):
        write_json(tmp_path / "a.json", {})


def test_json_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_json(path, {"kept": 1})
    with pytest.raises(TypeError):
        write_json(path, {("no", "key"): 1})  # type: ignore[dict-item]
    assert json.loads(path.read_text(encoding="utf-8")) == {"kept": 1}
