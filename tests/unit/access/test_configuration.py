"""A changed configuration leaves a line, an unchanged one does not."""

from __future__ import annotations

from pathlib import Path

from adapter.access.configuration import ACTION, note_configuration
from adapter.settings import GatewaySettings, Settings
from adapter.store.store import Store
from tests.support.pipeline_world import vault


def test_a_start_with_other_settings_is_recorded_by_section_and_tells_no_value(tmp_path: Path) -> None:
    first = Settings(workdir=tmp_path)
    other = Settings(workdir=tmp_path, gateway=GatewaySettings(proxy="http://proxy.invalid:3128"))
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}", vault()) as store:
        assert "gateway" in note_configuration(store, first)
        assert note_configuration(store, first) == []
        assert note_configuration(store, other) == ["gateway"]
        lines = store.audit.list(action=ACTION)
    assert lines[0]["detail"]["changed"] == "gateway"
    assert len(lines) == 2
    assert "proxy.invalid" not in str(lines)
