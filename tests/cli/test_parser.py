"""Words that are wrong, and what `--help` says beside options."""

import shlex

import pytest

from bootrig.cli.guide import EXAMPLES, GROUPS, describe_verbs
from bootrig.cli.main import VERBS, main, make_parser


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["comparex", "a", "b"], "invalid choice: 'comparex'; did you mean \"compare\"?\n  remedy: known: compare, "),
        (["compare", "a", "b", "--nics", "e1000"], 'arguments: --nics e1000; did you mean "--nic"?'),
        (["run", "a", "--time", "virtul"], 'did you mean "virtual"?\n  remedy: known: virtual, real'),
        (["cache", "prun"], "bootrig cache: argument ACTION: invalid choice: 'prun'; did you mean \"prune\"?"),
        (["run", "a", "--scen", "x"], "bootrig run: unrecognized arguments: --scen x"),
        (["roms", "pin", "host", "--json"], "unrecognized arguments: --json\n"),
        (["xyzzy"], "invalid choice: 'xyzzy'\n"),
        (["help", "comparex"], 'did you mean "compare"?'),
    ],
)
def test_what_was_meant_is_suggested(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("words", "same"), [("help", "--help"), ("help run", "run --help"), ("-V", "--version")])
def test_other_words_for_help_and_version(words: str, same: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for line in (words, same):
        with pytest.raises(SystemExit) as caught:
            main(line.split())
        assert caught.value.code == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]


def test_every_verb_is_in_a_group_once() -> None:
    told = [line.split()[0] for line in describe_verbs(VERBS).splitlines() if line.startswith("  ") and "$" not in line]
    assert sorted(told) == sorted(VERBS)
    assert "More:" not in describe_verbs({verb: "" for group in GROUPS.values() for verb in group})
    assert "More:\n  new " in describe_verbs({"new": "what a new verb does"})


@pytest.mark.parametrize("verb", [verb for verb in EXAMPLES if verb in VERBS])
def test_examples_can_be_typed(verb: str) -> None:
    parser = make_parser([verb])
    for line in EXAMPLES[verb]:
        program, *words = shlex.split(line)
        assert program == "bootrig"
        assert parser.parse_args(words).verb == verb
    with pytest.raises(SystemExit):
        parser.parse_args([verb, "--no-such-option"])


def test_run_lists_the_cells_and_boots_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--nic", "e1000,virtio*", "--machine", "pc", "--scenario", "pxe-tft?", "--list"]
    assert main(["run", "ipxe-debian-12", *words]) == 0
    assert capsys.readouterr().out.split() == [
        "pxe-tftp/e1000/pc/seabios/host",
        "pxe-tftp/virtio-net-pci/pc/seabios/host",
    ]
    assert main(["run", "ipxe-debian-12", "--scenario", "pxf*", "--list"]) == 2
    assert "no scenario fits 'pxf*'" in capsys.readouterr().err
    assert main(["run", "ipxe-debian-12", "--nic", "e9*", "--list"]) == 2
    assert "unknown NIC model 'e9*'" in capsys.readouterr().err
    assert main(["boot", "ipxe-debian-12", "--nic", "e1000,pcnet"]) == 2
    assert "one boot is of one NIC, and e1000,pcnet means e1000, pcnet" in capsys.readouterr().err
