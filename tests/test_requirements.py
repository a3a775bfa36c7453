"""Missing requirements skip on a laptop and fail in CI, but for those that CI does not promise."""

import pytest
from _pytest.outcomes import Failed, Skipped

from tests.requirements import NOT_IN_CI, miss


def test_a_missing_tool_skips_on_a_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(Skipped, match="no dnsmasq"):
        miss("no dnsmasq")


def test_a_missing_tool_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(Failed, match="CI lacks what this test needs: no dnsmasq"):
        miss("no dnsmasq")
    with pytest.raises(Failed):
        miss("no dnsmasq", "a requirement that nobody named")


@pytest.mark.parametrize("requirement", NOT_IN_CI)
def test_what_ci_does_not_promise_skips_with_its_reason(requirement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(Skipped, match=f"{requirement}: not here") as caught:
        miss("not here", requirement)
    assert NOT_IN_CI[requirement] in str(caught.value)
