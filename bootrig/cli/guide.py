"""What `--help` says beside the options: verbs in groups, examples, exit statuses, environment variables."""

import textwrap
from collections.abc import Mapping

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Boot and compare": ("compare", "run", "boot", "bisect", "rerun"),
    "What runs found": ("runs", "show", "judge", "report", "history", "waive", "merge", "record"),
    "Rules": ("rules", "explain", "scenarios"),
    "ROMs and sources": ("roms", "lint", "build", "assemble", "embed", "store"),
    "Guests and this machine": ("guest", "emulators", "doctor", "cache"),
}
OTHERS = "More"

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "compare": (
        "bootrig compare host ./ipxe-qemu_2.0.0_all.deb",
        "bootrig compare ipxe-debian-12 ipxe-debian-13 --nic 'virtio*' --report html=report.html",
        "bootrig compare emulator=host emulator=./qemu-system-x86_64",
    ),
    "run": ("bootrig run ./8086100e.rom --nic e1000", "bootrig run host --scenario 'efi-*' --list"),
    "boot": ("bootrig boot host --nic e1000 --scenario pxe-tftp", "bootrig boot ./mine --nic e1000 --interactive"),
    "bisect": (
        "bootrig bisect --source ~/ipxe --recipe RECIPE --good v1.21.1 --nic e1000 --scenario pxe-tftp",
        "bootrig bisect --sets gpxe-qemu-0.14 ipxe-debian-12 ipxe-debian-13 --nic e1000",
    ),
    "build": ("bootrig build RECIPE --source ~/ipxe --nic e1000 --output ./built",),
    "lint": ("bootrig lint ./8086100e.rom",),
}
STATUSES = "0 good, 1 what is under test is bad, 2 the words or files given are wrong, 3 nothing was proven"
VARIABLES: Mapping[str, str] = {
    "BOOTRIG_RECIPES": "directories with recipes of your own",
    "BOOTRIG_CACHE": "where results and unpacked emulators are kept",
    "BOOTRIG_STORE": "where files from outside are kept",
    "BOOTRIG_MIRROR": "where Debian's files are downloaded from",
    "BOOTRIG_ACCELERATOR": "what --accelerator is by default",
    "BOOTRIG_FRESH": "boot what the cache knows, too",
    "NO_COLOR": "no colours",
}


def describe_verbs(verbs: Mapping[str, str]) -> str:
    """Return the verbs with their summaries, in groups; what no group names comes last."""
    grouped = {verb for group in GROUPS.values() for verb in group}
    groups = {**GROUPS, OTHERS: tuple(verb for verb in verbs if verb not in grouped)}
    lines: list[str] = []
    for title, members in groups.items():
        if there := [verb for verb in members if verb in verbs]:
            lines += [f"{title}:", *(f"  {verb:<10}  {verbs[verb]}" for verb in there), ""]
    lines += ["bootrig help VERB says more of one.", "", f"Exit status: {STATUSES}.", "", "Environment:"]
    return "\n".join([*lines, *(f"  ${name:<20} {what}" for name, what in VARIABLES.items())])


def describe_verb(verb: str) -> str:
    """Return examples of a verb, and its exit statuses."""
    lines = [f"  {line}" for line in EXAMPLES.get(verb, ())]
    told = "" if verb == "bisect" else textwrap.fill(f"exit status: {STATUSES}", 78)
    return "\n".join([*(["examples:", *lines, ""] if lines else []), told]).rstrip()
