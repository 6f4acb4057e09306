"""The part that does no I/O: bytes in, answers out, deadlines as numbers.

decoder     bytes to text, a piece at a time
stream      what has come, at absolute offsets, with cursors and marks
views       the stream as it came, and without escape sequences, offsets mapped back
patterns    what can be waited for
syntax      regular expressions taken apart
variants    made from their parts: what is certain, what is possible, what may still grow
program     a regular expression cut into what is sought
runner      running that from where it stopped, what is looked at again being paid for
roamer      running what cannot be cut
analysis    all that is known of one regular expression
trackers    how far one pattern has looked, and what it found
sweep       one pass over the text for many patterns
matcher     which pattern has matched, in stream order
policies    the orders of pexpect and of Tcl Expect
match       what a wait returns
listening   patterns made ready to be waited for, by a reader of a stream
dialogues   what to wait for and send, as generators
keys        key names and control characters
masking     secrets out of a stream
"""
