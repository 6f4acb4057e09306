"""As pexpect has it: nothing in it has to do with waiting."""

import sys

import pexpect.ANSI

sys.modules[__name__] = pexpect.ANSI
