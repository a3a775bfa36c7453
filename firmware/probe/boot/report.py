"""The line that the boot probe prints.

    BOOTRIG fedcba9876543210 nbp  sum=0001f00d ticks=00000012 tsc=00000000deadbeef

The record has `sum`, the 32-bit sum of the image's bytes as they were in memory; `ticks`, BIOS ticks (18.2065 a second)
since midnight, 0 under UEFI; and `tsc`, the time-stamp counter, in virtual time nanoseconds on the guest's clock.
"""

import re

from firmware.probe.probe import Record

REPORT = re.compile(
    r"BOOTRIG (?P<nonce>[0-9a-f]{16}) (?P<kind>nbp|disk|efi)\s{1,8}sum=(?P<sum>[0-9a-f]{8}) "
    r"ticks=(?P<ticks>[0-9a-f]{8}) tsc=(?P<tsc>[0-9a-f]{16})[\r\n]"
)


def parse_records(match: re.Match[str]) -> tuple[Record, ...]:
    """Return the one record of a report."""
    return ({name: int(match[name], 16) for name in ("sum", "ticks", "tsc")},)
