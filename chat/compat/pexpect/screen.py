"""As pexpect has it: nothing in it has to do with waiting."""

import sys

import pexpect.screen

sys.modules[__name__] = pexpect.screen
