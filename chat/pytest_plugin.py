"""What `chat` does in a run of pytest: nothing, unless it is asked to.

pytest loads this in every run where `chat` is installed, before it looks at any test or
conftest, so it imports nothing it does not need.

`CHAT_COMPAT_PEXPECT=1`
    `import pexpect` gives `chat.compat.pexpect`, also in pytest's own `pytester.spawn`.
"""

from __future__ import annotations

import os

if os.environ.get("CHAT_COMPAT_PEXPECT"):
    from chat.compat.pexpect.swapping import take_its_place

    take_its_place()
