"""Lint reads anything: it never raises, and it says something about whatever the codec refuses."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.lint.check import lint_rom
from firmware.lint.subject import examine_rom
from tests.firmware.test_optionrom import plausible_roms


@given(st.one_of(st.binary(max_size=2048).map(lambda rest: b"\x55\xaa" + rest), plausible_roms()))
def test_damage_is_always_found(content: bytes) -> None:
    rom = examine_rom("efi-e1000.rom", content)
    findings = lint_rom(rom)
    if rom.survey.damage:
        assert findings
    for finding in findings:
        if finding.offset is not None:
            assert 0 <= finding.offset <= len(content), finding
