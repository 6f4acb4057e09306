"""As pexpect has it: nothing in it has to do with waiting."""

import sys

import pexpect.utils

sys.modules[__name__] = pexpect.utils
