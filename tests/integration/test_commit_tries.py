"""How often a commit is tried, and what is said when no try comes through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_toolkit.ci.context import detect_context
from ci_toolkit.commits.tries import ATTEMPTS
from ci_toolkit.config.load import load
from ci_toolkit.errors import RemoteError, UsageError
from ci_toolkit.process import SystemRunner
from ci_toolkit.redact import Redactor
from ci_toolkit.steps.commit import CommitStep
from ci_toolkit.steps.commit_pins import Pins
from ci_toolkit.steps.commit_place import OwnCheckout
from ci_toolkit.steps.pin import PinStep
from tests.harness.builds import NOW, Heard
from tests.harness.committing import REGISTRY, Checkout, Remote, clone, config, digest, make_remote
from tests.harness.pinning import pod

if TYPE_CHECKING:
    from pathlib import Path

    from ci_toolkit.steps.pin import TargetOf

APP = f"{REGISTRY}/app"
PINNED = f"{APP}:1.0@{digest('a')}"


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return make_remote(
        tmp_path / "remote.git", {".ci-toolkit.yml": config("app"), "deploy/app.yaml": pod(f"{APP}:0.9")}
    )


@pytest.fixture
def checkout(remote: Remote, tmp_path: Path) -> Checkout:
    made = clone(remote, tmp_path / "checkout", {"app": digest("a")})
    (made.root / "deploy/app.yaml").write_text(pod(PINNED))
    return made


def step(checkout: Checkout, heard: Heard, naps: list[float]) -> CommitStep:
    """The step as a run has it, and every pause it would make."""
    loaded, env, redact = load(checkout.root / ".ci-toolkit.yml", {}), checkout.environment(), Redactor()
    runner = SystemRunner(env, redact)

    def pin(root: Path, targets: TargetOf | None) -> PinStep:
        return PinStep(pins=loaded.pin, images=loaded.images, root=root, progress=heard, targets=targets)

    context = detect_context(runner, loaded.root, {})
    return CommitStep(
        options=loaded.commit,
        place=OwnCheckout(
            options=loaded.commit, root=loaded.root, context=context, runner=runner, env=env, redact=redact
        ),
        pins=Pins(pin, loaded.images),
        entries=loaded.pin,
        workdir=checkout.root / ".ci-toolkit",
        context=context,
        now=NOW,
        progress=heard,
        sleep=naps.append,
    )


@pytest.mark.parametrize("words", ["cannot lock ref 'refs/heads/main'", "Internal Server Error"])
def test_ten_tries_and_then_4(remote: Remote, checkout: Checkout, words: str) -> None:
    tries = remote.path / "tries"
    remote.hook("pre-receive", f'echo x >> {tries}; echo "{words}" >&2; exit 1')
    heard, naps = Heard(), list[float]()
    with pytest.raises(RemoteError) as caught:
        step(checkout, heard, naps).run(checkout.state())
    assert ATTEMPTS == len(tries.read_text().split()) == len(naps) + 1 == 10
    assert words in caught.value.message
    assert caught.value.hint
    assert all(0 < nap <= 7.5 for nap in naps)
    assert sum(naps[5:]) > sum(naps[:5])
    assert len({round(nap, 6) for nap in naps}) == len(naps)
    assert remote.count() == 1
    assert list((checkout.root / ".ci-toolkit").glob("commit-*")) == []


def test_a_server_that_is_away_for_a_while(remote: Remote, checkout: Checkout) -> None:
    once = remote.path / "once"
    remote.hook("pre-receive", f'mkdir {once} 2>/dev/null && {{ echo "Bad Gateway" >&2; exit 1; }}; exit 0')
    heard, naps = Heard(), list[float]()
    state = step(checkout, heard, naps).run(checkout.state())
    assert len(naps) == 1
    assert "doesn't answer well" in heard.text
    assert [commit.revision for commit in state.commits] == [remote.head()]
    assert state.commits[0].at == NOW.isoformat(timespec="seconds")


def test_outside_of_a_checkout_it_is_2(checkout: Checkout) -> None:
    made, state = step(checkout, Heard(), []), checkout.state()
    (checkout.root / ".git").rename(checkout.root.parent / "elsewhere")
    with pytest.raises(UsageError, match="no git checkout"):
        made.run(state)
