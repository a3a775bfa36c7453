"""From definitions to words, for several QEMU versions."""

import itertools
import json
from pathlib import Path

import pytest

from bootrig.emulator.definition.definition import (
    Accelerator,
    AcceleratorKind,
    InstructionCounting,
    MachineDefinition,
    Processor,
    RecordReplay,
    make_virtual_clock,
)
from bootrig.emulator.definition.parts import (
    Chardev,
    JsonObject,
    QomObject,
    make_capture,
    make_disk,
    make_nic,
    make_tap_netdev,
    make_user_netdev,
)
from bootrig.emulator.guest.command_line import encode_key_values, make_command_line
from bootrig.emulator.release.discovery import Emulator


def emulator(*version: int) -> Emulator:
    return Emulator("host", ("ld.so", "qemu"), Path("qemu"), version, "", "", (Path("/data"),))


def words_after(words: tuple[str, ...], option: str) -> list[str]:
    return [following for word, following in itertools.pairwise(words) if word == option]


def test_a_whole_guest() -> None:
    definition = MachineDefinition(
        machine_options={"graphics": False},
        memory_mib=128,
        processor=Processor("qemu64", 2, {"sse4.1": True}),
        accelerator=make_virtual_clock(),
        data_directories=(Path("/rom,set"),),
    ).adding(
        make_tap_netdev(7),
        *make_capture(Path("/run/wire.pcap"), Path("/run/sent.pcap")),
        *make_disk(Path("/run/disk")),
        Chardev("file", "extra", {"out": "/run/a,b"}),
        make_nic("e1000", "net0", bootindex=1),
    )
    words = make_command_line(
        emulator(7, 2, 22), definition, 5, console=Path("/run/console"), console_log="/run/console.log"
    )
    assert words[:2] == ("ld.so", "qemu")
    assert {"-nodefaults", "-no-user-config", "-S", "-no-shutdown"} < set(words)
    assert words_after(words, "-mon") == ["chardev=qmp,mode=control"]
    assert words_after(words, "-L") == ["/rom,set", "/data"]
    assert words_after(words, "-machine") == ["type=pc,graphics=off"]
    assert words_after(words, "-m") == ["size=128M"]
    assert words_after(words, "-cpu") == ["qemu64,sse4.1=on"]
    assert words_after(words, "-smp") == ["2"]
    assert words_after(words, "-accel") == ["tcg"]
    assert words_after(words, "-icount") == ["shift=7,sleep=off"]
    assert words_after(words, "-rtc") == ["base=2011-03-15T11:28:27,clock=vm"]
    assert words_after(words, "-chardev") == [
        "socket,id=qmp,fd=5",
        "pipe,id=console,path=/run/console,logfile=/run/console.log",
        "file,id=extra,path=/run/a,,b",
    ]
    assert [json.loads(word) for word in words_after(words, "-netdev")] == [{"type": "tap", "id": "net0", "fd": "7"}]
    assert [json.loads(word) for word in words_after(words, "-object")] == [
        {"qom-type": "filter-dump", "id": "dump0", "netdev": "net0", "file": "/run/wire.pcap", "maxlen": 65536},
        {
            "qom-type": "filter-dump",
            "id": "dump0-sent",
            "netdev": "net0",
            "file": "/run/sent.pcap",
            "maxlen": 65536,
            "queue": "rx",
        },
    ]
    assert [json.loads(word)["node-name"] for word in words_after(words, "-blockdev")] == ["disk0-file", "disk0-raw"]
    assert [json.loads(word) for word in words_after(words, "-device")] == [
        {"driver": "ide-hd", "id": "disk0", "drive": "disk0-raw"},
        {"driver": "e1000", "id": "nic0", "netdev": "net0", "bootindex": 1},
    ]


@pytest.mark.parametrize(
    ("version", "json_forms"),
    [
        ((5, 2, 0), set()),
        ((6, 0, 0), {"-object"}),
        ((6, 2, 0), {"-object", "-device"}),
        ((7, 2, 0), {"-object", "-device", "-netdev"}),
        ((11, 0, 0), {"-object", "-device", "-netdev"}),
    ],
)
def test_json_forms_by_version(version: tuple[int, ...], json_forms: set[str]) -> None:
    definition = MachineDefinition().adding(
        make_user_netdev(hostfwd=[{"str": "tcp::1-:2"}, {"str": "udp::3-:4"}], restrict=True),
        QomObject("rng-builtin", "rng0"),
        make_nic("e1000", "net0"),
    )
    words = make_command_line(emulator(*version), definition, 5)
    found = {word: words[index + 1] for index, word in enumerate(words) if word in {"-object", "-device", "-netdev"}}
    assert {word for word, value in found.items() if value.startswith("{")} == json_forms
    older = {
        "-object": "rng-builtin,id=rng0",
        "-device": "e1000,id=nic0,netdev=net0",
        "-netdev": "user,id=net0,hostfwd=tcp::1-:2,hostfwd=udp::3-:4,restrict=on",
    }
    assert {word: value for word, value in found.items() if word not in json_forms} == {
        word: value for word, value in older.items() if word not in json_forms
    }


def test_random_numbers_are_made_from_a_seed_where_there_is_one() -> None:
    words = [make_command_line(emulator(11, 1), MachineDefinition(random_seed=seed), 5) for seed in (None, 0, 7)]
    assert [words_after(one, "-seed") for one in words] == [[], ["0"], ["7"]]


def test_accelerators() -> None:
    def accelerator_words(accelerator: Accelerator) -> tuple[list[str], list[str]]:
        words = make_command_line(emulator(7, 2, 22), MachineDefinition(accelerator=accelerator), 5)
        return words_after(words, "-accel"), words_after(words, "-icount")

    assert accelerator_words(Accelerator(AcceleratorKind.KVM)) == (["kvm"], [])
    assert accelerator_words(Accelerator(options={"thread": "single"})) == (["tcg,thread=single"], [])
    assert accelerator_words(make_virtual_clock()) == (["tcg"], ["shift=7,sleep=off"])
    recording = InstructionCounting(8, record_replay=RecordReplay.RECORD, record_file=Path("/run/a,b"))
    assert accelerator_words(Accelerator(instruction_counting=recording)) == (
        ["tcg"],
        ["shift=8,rr=record,rrfile=/run/a,,b"],
    )


def test_chardevs_are_spelt_flat() -> None:
    def chardev_word(chardev: Chardev) -> str:
        words = make_command_line(emulator(7, 2, 22), MachineDefinition(parts=(chardev,)), 5)
        return words_after(words, "-chardev")[-1]

    inherited: JsonObject = {"addr": {"type": "fd", "data": {"str": "9"}}, "server": False}
    assert chardev_word(Chardev("socket", "a", inherited)) == "socket,id=a,fd=9,server=off"
    listening: JsonObject = {"addr": {"type": "unix", "data": {"path": "/run/a"}}, "wait": False}
    assert chardev_word(Chardev("socket", "a", listening)) == "socket,id=a,path=/run/a,wait=off"
    assert chardev_word(Chardev("pipe", "a", {"device": "/run/a"})) == "pipe,id=a,path=/run/a"
    assert chardev_word(Chardev("file", "a", {"in": "/i", "out": "/o"})) == "file,id=a,input-path=/i,path=/o"
    assert chardev_word(Chardev("null", "a")) == "null,id=a"


def test_key_values() -> None:
    assert encode_key_values({"a": True, "b": False, "c": 1, "d": None, "e": "x,y", "f": {"g": 2}}) == (
        "a=on,b=off,c=1,e=x,,y,f.g=2"
    )
