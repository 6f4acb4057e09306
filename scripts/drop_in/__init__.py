"""Runs other people's tests and scripts with `chat.compat.pexpect` in the place of pexpect.

sources     fetches their source distributions; nothing of them is kept in the repository
runs        runs tests in a copy of the source, file by file, several at a time
verdict     what passes with pexpect must pass with ours
examples    pexpect's example scripts that need no network
known.txt   tests that fail because what they assert is a defect, and why it is one
"""
