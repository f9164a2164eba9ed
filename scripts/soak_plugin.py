"""Run many detections in one real QGIS desktop and say whether it survived.

python scripts/soak_plugin.py [--count 200]

Every choice of the area, three kinds of outlines and cloud masks, stopped runs, layers removed and
projects closed meanwhile (the story ``soak`` of ``tests/plugin/desktop_session.py``). Needs QGIS,
Xvfb and the environments that ``scripts/test.py`` makes. The result stands in
``artefacts/desktop/soak/report.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests" / "plugin"


def main() -> int:
    """Run the soak and print what it found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="detections (default: 200)")
    count = parser.parse_args().count
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "LC_ALL": "C.UTF-8",
        "L4S_SOAK": str(count),
        "L4S_DESKTOP_LIMIT": str(120 + 30 * count),
    }
    environment.setdefault("L4S_ENGINE_PYTHON", str(ROOT / ".venv" / "engine" / "bin" / "python"))
    python = ROOT / ".venv" / "plugin" / "bin" / "python"
    command = [str(python), "-m", "pytest", "-q", "-c", str(TESTS / "pytest.ini")]
    command += ["--rootdir", str(TESTS), str(TESTS / "test_desktop.py"), "-k", "many_detections"]
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    kept = Path(environment.get("L4S_DESKTOP_KEEP") or ROOT / "artefacts" / "desktop")
    facts = json.loads((kept / "soak" / "report.json").read_text(encoding="utf-8"))
    print(f"{len(facts['outcomes'])} detections: {dict(Counter(facts['outcomes']))}")
    print(f"memory of QGIS in MB, every eighth detection: {facts['memory_mb']}")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
