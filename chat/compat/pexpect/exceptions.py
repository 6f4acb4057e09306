"""As pexpect has it: nothing in it has to do with waiting."""

import sys

import pexpect.exceptions

sys.modules[__name__] = pexpect.exceptions
