"""A cell with all of its evidence, whether it has one side or two."""

import base64
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bootrig.report.commands import repeat_boot
from bootrig.report.html.bars import Bars, draw_bars
from bootrig.report.html.chart import Chart, draw_chart
from bootrig.report.html.console import ConsoleView, hold_consoles
from bootrig.report.html.downloads import CAST, LONGEST, PCAP, Download, Downloads
from bootrig.report.html.evidence import RecordedSide
from bootrig.report.html.screens import ScreenView, draw_screens
from bootrig.report.html.views import AttemptView, BootView, FindingView, Link, PictureView
from bootrig.trace.names import CellKey
from bootrig.trace.trace import Trace
from firmware.lint.finding import Severity

FINDING_TONES: Mapping[Severity, str] = {
    Severity.ERROR: "regressed", Severity.WARNING: "changed", Severity.NOTE: "info"
}  # fmt: skip
MOST_BARS, MOST_PICTURES = 10, 8


@dataclass(frozen=True, slots=True)
class CellEvidence:
    """All that is shown of the boots of a cell."""

    sides: tuple[str, ...]
    attempts: tuple[AttemptView, ...]
    bars: Bars | None
    chart: Chart | None
    console: ConsoleView | None
    same_console: Link | None
    screens: tuple[tuple[ScreenView, ...], ...]
    pictures: tuple[PictureView, ...]
    findings: tuple[FindingView, ...]
    downloads: tuple[Download, ...]
    commands: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Gathers the evidence of cells, each content once for the whole page."""

    downloads: Downloads
    consoles: dict[ConsoleView, Link] = field(default_factory=dict)

    def gather(
        self, key: CellKey, boots: Sequence[tuple[RecordedSide, Trace]], anchor: str, *, has_chart: bool
    ) -> CellEvidence:
        """Return the evidence of a cell: of each side its boot that counts, and all others from the side's record."""
        labels = tuple(side.label for side, _ in boots)
        traces = [trace for _, trace in boots]
        console = hold_consoles(traces) if traces else None
        same = None if console is None else self.consoles.get(console)
        if console is not None and same is None:
            self.consoles[console] = Link(str(key), f"{anchor}.console")
        return CellEvidence(
            sides=labels,
            attempts=tuple(_iter_attempts(key, boots)),
            bars=draw_bars(list(_iter_bars(key, boots))[:MOST_BARS]),
            chart=draw_chart(traces, labels) if traces and has_chart else None,
            console=None if same else console,
            same_console=same,
            screens=tuple(_iter_screens(boots)) if has_chart else (),
            pictures=tuple(_iter_pictures(boots)),
            findings=tuple(_iter_findings(boots)),
            downloads=tuple(self._iter_downloads(key, boots)),
            commands=tuple(_iter_commands(key, boots)),
        )

    def _iter_downloads(self, key: CellKey, boots: Sequence[tuple[RecordedSide, Trace]]) -> Iterator[Download]:
        for side, trace in boots:
            name, origin = f"{side.label}+{key.directory_name}+{trace.attempt}", f"{side.label}, {trace.attempt}"
            if (packets := side.read_capture(trace)) is not None:
                yield self.downloads.add(packets, PCAP, f"packets, {origin}", f"{name}.pcap", trace.directory)
            if (console := side.read_console(trace)) is not None:
                yield self.downloads.add(console, CAST, f"console, {origin}", f"{name}.cast", trace.directory)


def _iter_screens(boots: Sequence[tuple[RecordedSide, Trace]]) -> Iterator[tuple[ScreenView, ...]]:
    """Yield the screens of each side, where one has any."""
    screens = [draw_screens(side.find_events(trace)) for side, trace in boots]
    return iter(screens if any(screens) else ())


def _iter_pictures(boots: Sequence[tuple[RecordedSide, Trace]]) -> Iterator[PictureView]:
    """Yield what the screens showed, each once with its milestones, by sides."""
    for side, trace in boots:
        milestones: dict[str, list[str]] = {}
        for picture in trace.pictures:
            milestones.setdefault(picture.file, []).append(picture.milestone)
        for file, names in list(milestones.items())[:MOST_PICTURES]:
            content = side.read_picture(trace, file)
            if content is not None and len(content) <= LONGEST:
                address = f"data:image/png;base64,{base64.b64encode(content).decode()}"
                yield PictureView(f"{side.label}: {', '.join(names)}", address)


def _find_all(key: CellKey, boots: Sequence[tuple[RecordedSide, Trace]]) -> list[list[Trace]]:
    """Return all boots of each side, the one that counts among them: the fastest clocks first, real time last."""
    found = []
    for side, trace in boots:
        known = side.boots.get(key)
        own = [trace] if known is None else known.traces
        found.append(sorted(own, key=lambda one: (not one.clock.is_virtual, -(one.clock.shift or 0))))
    return found


def _iter_attempts(key: CellKey, boots: Sequence[tuple[RecordedSide, Trace]]) -> Iterator[AttemptView]:
    sides = [{trace.attempt: trace for trace in traces} for traces in _find_all(key, boots)]
    counted = [trace.attempt for _, trace in boots]
    for name in dict.fromkeys(name for side in sides for name in side):
        traces = [side.get(name) for side in sides]
        clock = next(trace.clock for trace in traces if trace is not None)
        words = f"virtual, 2^{clock.shift} ns an instruction" if clock.is_virtual else f"{clock.kind} time"
        shown = (_show(trace, is_counted=name == own) for trace, own in zip(traces, counted, strict=True))
        yield AttemptView(name, words.replace("kvm time", "real time, KVM"), tuple(shown))


def _show(trace: Trace | None, *, is_counted: bool) -> BootView | None:
    if trace is None:
        return None
    outcome = trace.outcome
    words = str(outcome.status) if trace.passed else f"{outcome.status}: {outcome.reason}"
    if outcome.disturbed:
        words += f" ({len(outcome.disturbed)} packets sent again or answered late)"
    usage = trace.usage
    times = [
        f"{usage[name]:.1f} s {of}" for name, of in (("guest_s", "in the guest"), ("wall_s", "here")) if name in usage
    ]
    if trace.cached:
        times.append(f"from the cache of {trace.cached}")
    return BootView(words, "same" if trace.passed else "regressed", is_counted, ", ".join(times), trace.directory)


def _iter_bars(key: CellKey, boots: Sequence[tuple[RecordedSide, Trace]]) -> Iterator[tuple[str, Trace, bool]]:
    """Yield the boots that count, then the others of both sides by turns."""
    words = [f"{side.label} " if len(boots) > 1 else "" for side, _ in boots]
    for word, (_, trace) in zip(words, boots, strict=True):
        yield f"{word}{trace.attempt}", trace, True
    sides = _find_all(key, boots)
    names = dict.fromkeys(trace.attempt for traces in sides for trace in traces)
    for name in names:
        for word, (_, counted), traces in zip(words, boots, sides, strict=True):
            for trace in traces:
                if trace.attempt == name != counted.attempt:
                    yield f"{word}{name}", trace, False


def _iter_findings(boots: Sequence[tuple[RecordedSide, Trace]]) -> Iterator[FindingView]:
    for side, trace in boots:
        for finding in side.findings.get(trace.rom.romfile, ()):
            new = "new: " if finding.is_new else ""
            tone = FINDING_TONES[finding.severity]
            yield FindingView(side.label, finding.severity, tone, f"{new}{finding.message}", finding.rule)


def _iter_commands(key: CellKey, boots: Sequence[tuple[RecordedSide, Trace]]) -> Iterator[tuple[str, str]]:
    for side, trace in boots:
        given = trace.rom_set if side.side is None else side.side.given
        yield f"boot {side.label} again", repeat_boot(given, trace)
        yield "type at its console", repeat_boot(given, trace, is_interactive=True)
        if trace.emulator.command:
            yield f"QEMU's command, {side.label}", shlex.join(trace.emulator.command)
