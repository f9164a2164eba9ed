"""The review in a real QGIS desktop under Xvfb, with a person's clicks and keys."""

from __future__ import annotations

import pytest

from test_desktop import desktop  # noqa: F401 - a fixture


@pytest.mark.desktop
def test_review_with_keys_brush_and_dialogs(desktop):  # noqa: F811
    facts, ended, errors = desktop("review", 300)
    assert ended == 0, errors[-2000:]
    assert facts["first_in_view"]
    assert facts["decided_by_list"] == 0
    assert facts["statuses"] == ["accepted", "needs-review", "pending", "rejected"]
    assert facts["painted"] > 1.02
    assert all(isinstance(value, (int, float)) for value in facts["measured"].values()), facts
    assert facts["drawn"] == 1
    assert facts["second_map"]
    assert facts["bulk_preview"] == facts["bulk_decided"] > 0
    assert facts["bulk_left_after_undo"] == 0
