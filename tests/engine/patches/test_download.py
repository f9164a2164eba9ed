"""The dataset fetched from a record on a server of our own: resumed, checked, refused."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import json
import threading
import zipfile

import numpy as np
import pytest

from engine.cli import main
from engine.errors import DatasetError, DependencyError, DigestError
from engine.patches import download
from engine.patches.download import fetch_dataset, read_record
from engine.patches.landslide4sense import find_patches


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files, and parts of them."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        wanted = self.headers.get("Range")
        if wanted is None:
            super().do_GET()
            return
        content = (self.server.folder / self.path.lstrip("/")).read_bytes()
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        self.send_response(206)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    handler = functools.partial(_Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        running.folder, running.asked = folder, []
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def publish(server, names, **changes):
    """Publish an archive and its record; gives the record's address."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, np.random.default_rng(0).bytes(5000))
    content = packed.getvalue()
    (server.folder / "TrainData.zip").write_bytes(content)
    address = f"http://127.0.0.1:{server.server_port}"
    entry = {
        "key": "TrainData.zip",
        "size": len(content),
        "checksum": "md5:" + hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "links": {"self": f"{address}/TrainData.zip"},
        **changes,
    }
    (server.folder / "record.json").write_text(json.dumps({"files": [entry]}))
    return f"{address}/record.json", content


NAMES = ["TrainData/img/image_1.h5", "TrainData/mask/mask_1.h5", "TrainData/README.txt"]


def test_archives_are_fetched_checked_and_unpacked_once(server, tmp_path, capfd):
    record, _ = publish(server, NAMES)
    out = tmp_path / "l4s"
    assert main(["data", "get", "--record", record, "--out", str(out)]) == 0
    assert len(find_patches(out, "train", labels="needed")) == 1
    assert not list(out.glob("*.zip*"))
    assert json.loads((out / "SOURCE.json").read_text())["record"] == record
    asked = len(server.asked)
    fetch_dataset(out, record=record)
    assert len(server.asked) == asked + 1  # the record alone
    capfd.readouterr()


def test_a_download_that_was_stopped_goes_on(server, tmp_path):
    record, content = publish(server, NAMES)
    out = tmp_path / "l4s"
    out.mkdir()
    (out / "TrainData.zip.part").write_bytes(content[:3000])
    fetch_dataset(out, record=record)
    assert ("/TrainData.zip", "bytes=3000-") in server.asked
    assert (out / "TrainData" / "img" / "image_1.h5").is_file()


def test_another_file_than_the_record_describes_is_refused_and_removed(server, tmp_path):
    record, _ = publish(server, NAMES, checksum="sha256:" + "0" * 64)
    with pytest.raises(DigestError, match="record says"):
        fetch_dataset(tmp_path / "l4s", record=record)
    assert not list((tmp_path / "l4s").iterdir())


def test_members_that_would_leave_the_folder_or_are_no_patches_stay_packed(server, tmp_path):
    record, _ = publish(server, ["../../evil.h5", "TrainData/img/../../x.h5", *NAMES])
    fetch_dataset(tmp_path / "l4s", record=record)
    found = {p.name for p in tmp_path.rglob("*.h5")}
    assert found == {"image_1.h5", "mask_1.h5"}
    record, _ = publish(server, ["readme.txt"])
    with pytest.raises(DatasetError, match="not Landslide4Sense"):
        fetch_dataset(tmp_path / "other", record=record)


def test_no_network_no_record_and_no_address_are_one_sentence(server, tmp_path, capfd):
    words = ["data", "get", "--out", str(tmp_path / "l4s")]
    assert main([*words, "--record", "http://127.0.0.1:9/record"]) == 2
    error = capfd.readouterr().err
    assert "cannot be reached" in error
    assert "by hand" in error
    assert "Traceback" not in error
    address = f"http://127.0.0.1:{server.server_port}"
    with pytest.raises(DependencyError, match="404"):
        read_record(f"{address}/nowhere")
    (server.folder / "page.html").write_text("<html>")
    with pytest.raises(DatasetError, match="no record"):
        read_record(f"{address}/page.html")
    with pytest.raises(DatasetError, match="no web address"):
        read_record("file:///etc/passwd")
    assert download.RECORD.startswith("https://zenodo.org/")
