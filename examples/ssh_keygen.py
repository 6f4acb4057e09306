"""Answer both passphrase prompts of ssh-keygen with a secret, which shows nowhere."""

import tempfile
from pathlib import Path

import chat

passphrase = chat.Secret("correct horse battery staple")  # or Secret.prompt(), .env(), .file()

with tempfile.TemporaryDirectory() as directory:
    key = Path(directory) / "key"
    done = chat.run(
        ["ssh-keygen", "-t", "ed25519", "-C", "example", "-f", str(key)],
        respond={
            "(empty for no passphrase): ": passphrase,
            "passphrase again: ": passphrase,
        },
        timeout=20,
    )
    print(done.output)
    print(f"ssh-keygen {done.exit_status}; the key is {key.stat().st_size} bytes")
    assert done.ok
    assert passphrase.reveal() not in done.output
