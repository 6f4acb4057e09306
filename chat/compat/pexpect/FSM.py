"""As pexpect has it: nothing in it has to do with waiting."""

import sys

import pexpect.FSM

sys.modules[__name__] = pexpect.FSM
