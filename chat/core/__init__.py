"""The part that does no I/O: bytes in, answers out, deadlines as numbers.

    decoder     bytes to text, a piece at a time
    stream      what has come, at absolute offsets, with cursors and marks
    patterns    what can be waited for
    syntax      regular expressions taken apart: what is certain, what may still grow
    program     a regular expression as steps that never look at a byte twice
    sweep       one pass over the text for many patterns
    matcher     which pattern has matched, in stream order
    policies    the orders of pexpect and of Tcl Expect
    textview    the stream without escape sequences, offsets mapped back
    masking     secrets out of a stream
    keys        key names and control characters
    dialogues   what to wait for and send, as generators
"""
