"""Cells on workers elsewhere: what is asked, sent, refused, and tried again, with a script in place of the cluster."""

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bootrig.cell.specification import CellSpecification
from bootrig.errors import InputError
from bootrig.jsonfile import encode_json, load_json
from bootrig.schedule.equipment import specify
from bootrig.schedule.errors import WorkerError
from bootrig.schedule.executors import remote, worker
from bootrig.schedule.executors.choice import require_cluster
from bootrig.schedule.executors.likeness import CONFINEMENT, MISSING, VERSION, describe_worker, iter_faults
from bootrig.schedule.executors.order import Answer, Packer, decode_answer, decode_order, encode_answer, encode_order
from bootrig.schedule.executors.remote import DiedError, RemoteExecutor, Worker
from bootrig.schedule.plan import Filters, plan_cells
from bootrig.trace.attempt import Attempt
from bootrig.trace.error import ERROR_FILE
from bootrig.trace.trace import TRACE_FILE, Clock, ClockKind
from bootrig.workdir import CACHE_VARIABLE
from tests.compare.factory import Boot, trace
from tests.schedule.sample import make_equipment, make_side

WANTED = {VERSION: "1", "the emulator host": "ab", CONFINEMENT: "possible"}
PASSED = encode_answer(Answer(files={TRACE_FILE: encode_json(trace(Boot())), "logs/dnsmasq.log": b"log"}))


@dataclass
class ScriptedCall:
    """A call with its answer; None is for none, as of a worker that hangs or is gone."""

    answer: Any
    is_cancelled: bool = False

    @property
    def is_done(self) -> bool:
        return self.answer is not None

    def result(self) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def cancel(self) -> None:
        self.is_cancelled = True


@dataclass
class ScriptedCluster:
    """Workers that answer as `answer` says to orders, and with `facts` when they are asked what they have."""

    answer: Callable[[str, Mapping[str, bytes]], Any]
    workers: dict[str, Worker] = field(default_factory=lambda: {"a": Worker("one", 1), "b": Worker("two", 1)})
    facts: dict[str, Mapping[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    calls: list[ScriptedCall] = field(default_factory=list)
    ended: int = 0

    def list_workers(self) -> Mapping[str, Worker]:
        return dict(self.workers)

    def submit(self, address: str, function: Callable[..., Any], *arguments: Any) -> ScriptedCall:
        if function is describe_worker:
            return ScriptedCall(self.facts.get(address, WANTED))
        _, order, contents = arguments
        assert decode_order(order).emulator == "host"
        self.asked.append((address, frozenset(contents)))
        self.calls.append(ScriptedCall(self.answer(address, contents)))
        return self.calls[-1]

    def wait(self, limit_s: float) -> None:
        pass

    def end_session(self, end: Callable[[str], Any], session: str) -> None:
        self.ended += 1


@pytest.fixture
def specifications(tmp_path: Path) -> list[CellSpecification]:
    planned = plan_cells(Filters(scenarios=("pxe-tftp", "no-boot-file", "no-ra"), nic_models=("e1000", "rtl8139")))
    side, shared = make_side(tmp_path), make_equipment()
    side.directory.mkdir(parents=True)
    for rom in side.rom_set.roms:
        (side.directory / rom.file_name).write_bytes(rom.content)
    return [specify(cell, side, shared, tmp_path, Attempt(Clock(ClockKind.VIRTUAL, 7))) for cell in planned]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


def start(cluster: ScriptedCluster, jobs: int | None = None, told: list[str] | None = None) -> RemoteExecutor:
    executor = RemoteExecutor(cluster, b"", WANTED, jobs, (told if told is not None else []).append)
    executor.require_workers()
    return executor


def test_the_files_of_a_cell_come_back_whole(specifications: Sequence[CellSpecification]) -> None:
    cluster = ScriptedCluster(lambda _address, _contents: PASSED)
    started: list[CellSpecification] = []
    results = list(start(cluster).run(specifications, on_start=started.append))
    assert {id(result.specification) for result in results} == {id(one) for one in started}
    assert len(results) == len(specifications)
    assert {address for address, _ in cluster.asked} == {"a", "b"}
    for result in results:
        assert result.error is None
        assert result.trace == trace(Boot())
        directory = result.specification.directory
        assert sorted(path.name for path in directory.iterdir()) == ["logs", TRACE_FILE]
        assert [path.name for path in directory.parent.iterdir() if path.name.startswith(".")] == []


def test_what_a_worker_lacks_is_sent_to_it_once(specifications: Sequence[CellSpecification]) -> None:
    packed = Packer().pack(specifications[0])
    kept: dict[str, set[str]] = {"a": set(), "b": set()}

    def answer(address: str, contents: Mapping[str, bytes]) -> bytes:
        for digest, content in contents.items():
            assert hashlib.sha256(content).hexdigest() == digest
        kept[address] |= set(contents)
        lacking = set(packed.contents) - kept[address]
        return encode_answer(Answer(lacking=tuple(sorted(lacking)))) if lacking else PASSED

    cluster = ScriptedCluster(answer)
    results = list(start(cluster).run(specifications))
    assert [result.error for result in results] == [None] * len(specifications)
    sent = [(address, contents) for address, contents in cluster.asked if contents]
    assert sorted(sent) == [("a", frozenset(packed.contents)), ("b", frozenset(packed.contents))]


@pytest.mark.parametrize(
    ("lacking", "message"),
    [("0" * 64, "it asks for what the cell does not need: 0000"), ("", "it does not keep what it is sent: ")],
)
def test_a_worker_that_asks_for_more_breaks_its_cell(
    lacking: str, message: str, specifications: Sequence[CellSpecification]
) -> None:
    wanted = lacking or min(Packer().pack(specifications[0]).contents)
    cluster = ScriptedCluster(lambda _address, _contents: encode_answer(Answer(lacking=(wanted,))))
    (result,) = start(cluster).run(specifications[:1])
    assert f"the worker one: {message}" in str(result.error)


def test_a_cell_whose_worker_died_is_tried_elsewhere(specifications: Sequence[CellSpecification]) -> None:
    cluster = ScriptedCluster(lambda address, _contents: None if address == "a" else PASSED)
    executor = start(cluster)

    def die(_cell: CellSpecification) -> None:
        cluster.workers.pop("a", None)

    results = list(executor.run(specifications, on_start=die))
    assert [result.error for result in results] == [None] * len(specifications)
    assert [address for address, _ in cluster.asked].count("a") == 1
    assert [call.is_cancelled for call in cluster.calls if call.answer is None] == [True]


def test_a_cell_whose_workers_died_twice_is_broken(specifications: Sequence[CellSpecification]) -> None:
    def answer(address: str, _contents: Mapping[str, bytes]) -> object:
        return PASSED if address == "c" else DiedError("gone")

    cluster = ScriptedCluster(answer, {"a": Worker("one", 1)})
    executor = start(cluster)
    results = executor.run(specifications[:1])
    (result,) = results
    assert str(result.error) == f"{specifications[0].key}: its workers died: one, then one"
    assert load_json(result.specification.directory / ERROR_FILE, dict[str, Any])["message"] == str(result.error)


def test_an_emulator_that_differs_is_refused_with_the_worker_s_name() -> None:
    other = {**WANTED, "the emulator host": "cd"}
    cluster = ScriptedCluster(lambda _address, _contents: PASSED, facts={"b": other})
    with pytest.raises(WorkerError, match="two: the emulator host differs: cd there, ab here"):
        start(cluster)
    assert cluster.asked == []


def test_a_worker_that_comes_later_and_differs_is_not_used(specifications: Sequence[CellSpecification]) -> None:
    cluster = ScriptedCluster(lambda _address, _contents: PASSED, {"a": Worker("one", 1)})
    cluster.facts = {"b": {VERSION: "0"}}
    executor = start(cluster)
    cluster.workers["b"], cluster.workers["c"] = Worker("two", 1), Worker("three", 1)
    assert len(list(executor.run(specifications))) == len(specifications)
    assert {address for address, _ in cluster.asked} == {"a", "c"}


@pytest.mark.parametrize(
    ("found", "faults"),
    [
        (WANTED, []),
        ({**WANTED, "more": "x"}, []),
        ({VERSION: "0"}, ["it has bootrig 0, not 1"]),
        (
            {**WANTED, CONFINEMENT: f"{MISSING}no namespaces", "the emulator host": "cd"},
            ["the emulator host differs: cd there, ab here", f"{CONFINEMENT}: no namespaces"],
        ),
        ({VERSION: "1", CONFINEMENT: "possible"}, ["the emulator host: it says nothing of it"]),
    ],
)
def test_what_a_worker_has_is_held_against_what_is_wanted(found: Mapping[str, str], faults: Sequence[str]) -> None:
    assert list(iter_faults(WANTED, found)) == faults


def test_what_a_machine_lacks_is_told_with_the_remedy() -> None:
    needs = {"accelerators": {"no-such": "tcg"}, "platform_firmware": [], "services": [], "data_directories": []}
    found = describe_worker(msgspec.json.encode(needs))
    assert found["the emulator no-such"].startswith(MISSING)


def test_there_are_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "NONE_S", 0.0)
    with pytest.raises(WorkerError, match="the scheduler has no workers"):
        start(ScriptedCluster(lambda _address, _contents: PASSED, {}))


def test_no_worker_is_left(specifications: Sequence[CellSpecification], monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ScriptedCluster(lambda _address, _contents: None)
    executor = start(cluster)
    monkeypatch.setattr(remote, "NONE_S", 0.0)
    with pytest.raises(WorkerError, match="no worker is left"):
        list(executor.run(specifications, on_start=lambda _cell: cluster.workers.clear()))
    executor.end()
    assert cluster.ended == 1


def test_a_worker_that_does_not_answer_is_not_used_any_more(
    specifications: Sequence[CellSpecification], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "find_limit_s", lambda _scenario: -remote.TRANSFER_S)
    monkeypatch.setattr(ScriptedCluster, "wait", lambda _cluster, _limit_s: None)
    cluster = ScriptedCluster(lambda address, _contents: None if address == "a" else PASSED)
    results = list(start(cluster).run(specifications))
    broken = [str(result.error) for result in results if result.error]
    assert len(results) == len(specifications)
    assert [told.partition(": ")[2] for told in broken] == ["the worker one did not answer in time"]


def test_at_most_so_many_cells_run_at_a_time(specifications: Sequence[CellSpecification]) -> None:
    cluster = ScriptedCluster(lambda _address, _contents: None)
    cells = start(cluster, jobs=1).run(specifications, on_start=lambda _cell: cluster.workers.clear())
    cluster.wait = lambda _limit_s: pytest.fail("enough") if not cluster.workers else None  # type: ignore[method-assign]
    with pytest.raises(pytest.fail.Exception):
        next(cells)
    assert len(cluster.asked) == 1


def test_a_broken_cell_is_told_with_the_run_s_paths(specifications: Sequence[CellSpecification]) -> None:
    answer = Answer(files={ERROR_FILE: b"{}"}, error="x: no space in /there/cells", remedy="r", run_directory="/there")
    cluster = ScriptedCluster(lambda _address, _contents: encode_answer(answer))
    told: list[str] = []
    (result,) = start(cluster, told=told).run(specifications[:1])
    assert str(result.error) == f"x: no space in {specifications[0].run_directory}/cells"
    assert result.error is not None
    assert (result.error.remedy, result.error.directory) == ("r", str(specifications[0].directory))
    assert told == []


def test_why_cells_boot_cold_there_is_told_once(specifications: Sequence[CellSpecification]) -> None:
    answer = Answer(files={TRACE_FILE: encode_json(trace(Boot()))}, boots_cold="QEMU refuses")
    cluster = ScriptedCluster(lambda _address, _contents: encode_answer(answer))
    told: list[str] = []
    list(start(cluster, told=told).run(specifications))
    assert [words.partition(": ")[2] for words in told] == ["QEMU refuses"]


def test_cells_of_one_prefix_go_to_one_worker_while_there_are_others(
    specifications: Sequence[CellSpecification],
) -> None:
    keys = ("k", "k", "k", "l", "l", "l", "l")
    cells = [replace(cell, prefix=key) for cell, key in zip([*specifications, *specifications], keys, strict=False)]
    asked: list[tuple[str, str]] = []
    cluster = ScriptedCluster(lambda _address, _contents: PASSED)
    results = start(cluster).run(cells, on_start=lambda cell: asked.append((cluster.asked[-1][0], cell.prefix)))
    assert len(list(results)) == len(keys)
    assert asked[:6] == [("a", "k"), ("b", "l")] * 3
    assert {prefix for _, prefix in asked[6:]} == {"l"}


@pytest.mark.parametrize("name", ["/etc/passwd", "../trace.json", "a/../../b", ""])
def test_files_that_belong_elsewhere_are_not_taken(name: str) -> None:
    with pytest.raises(WorkerError, match="belongs elsewhere"):
        decode_answer(encode_answer(Answer(files={name: b""})))


def test_what_is_no_answer() -> None:
    with pytest.raises(WorkerError, match="not an answer"):
        decode_answer(b"\x00")


def test_a_content_that_arrives_damaged_is_refused(cache: None) -> None:
    with pytest.raises(WorkerError, match="a content arrived damaged"):
        worker.take_in("0" * 64, b"content")
    assert worker.CONTENTS.find("0" * 64) is None


def test_a_worker_asks_for_what_it_lacks(cache: None, specifications: Sequence[CellSpecification]) -> None:
    packed = Packer().pack(specifications[0])
    first, *others = sorted(packed.contents)
    contents = {first: packed.contents[first].read_bytes()}
    answer = decode_answer(worker.run_order("run", encode_order(packed.order), contents))
    assert answer == Answer(lacking=tuple(others))


@pytest.mark.parametrize("on", ["", "dask://", "dask://host", "ssh://host:1", "dask://user@host:1", "dask://host:1/x"])
def test_an_address_that_is_none(on: str) -> None:
    with pytest.raises(InputError, match="not dask://HOST:PORT"):
        require_cluster(on)


def test_without_the_extra_the_remedy_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bootrig.schedule.executors.dask", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setitem(sys.modules, "dask", None)
    monkeypatch.setitem(sys.modules, "dask.config", None)
    with pytest.raises(InputError, match="is not installed") as caught:
        require_cluster("dask://127.0.0.1:8786")
    assert caught.value.remedy == "pip install 'bootrig[dask]'"
