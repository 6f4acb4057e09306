"""Hold a conversation over what somebody else has opened: a process, a socket, a descriptor."""

import os
import socket
import subprocess

import chat

# The session takes a process over, with its pipes, and its Popen knows how it ended.
popen = subprocess.Popen(["cat", "-n"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
with chat.attach(popen, timeout=10) as cat:
    cat.sendline("one line")
    print(cat.readline(), end="")
print("returned", popen.returncode)

# A socket is borrowed, unless close=True.
near, far = socket.socketpair()
with near, far, chat.attach(near, timeout=10) as ours, chat.attach(far, timeout=10) as theirs:
    ours.sendline("knock knock")
    theirs.expect("knock\n")
    theirs.sendline("who is there?")
    print(ours.readline(), end="")

# So is a descriptor.
reader, writer = os.pipe()
with chat.attach(reader, close=True, timeout=10) as heard:
    with chat.attach(writer, close=True) as said:
        said.send("the end")
    print(heard.read())
