"""The same examples on every run: what a property test finds, it finds again."""

from __future__ import annotations

import hypothesis

hypothesis.settings.register_profile(
    "fixed", derandomize=True, database=None, deadline=None, max_examples=200
)
hypothesis.settings.load_profile("fixed")
