"""The demo shows what it says, and its secrets nowhere."""

from __future__ import annotations

import pytest

from chat.values import MASK
from scripts.lib import demo


@pytest.mark.slow
def test_the_demo_shows_every_dialogue_and_no_secret(monkeypatch, capsys):
    made = ["correct-horse", "battery-staple"]
    plain = iter(made)
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: next(plain))
    demo.main()
    shown = capsys.readouterr().out
    # Sent twice to make the key, and once each to open it.
    assert shown.count(f"you │ {MASK}") == 4
    assert [secret for secret in made if secret in shown] == []
    for program in ("ssh-keygen", "python", "bash", "less"):
        assert f" {program} │ " in shown


def test_a_claim_that_does_not_hold_ends_the_demo():
    with pytest.raises(SystemExit, match="not so: the moon is cheese"):
        demo.check("the moon is cheese", holds=False)
