"""perlipc, "SysV IPC": shared memory. Needs `pip install ipc-chat[sysv]`."""

from chat.ipc import SharedMemory

with SharedMemory.create(2000) as memory:  # shmget, for this user alone
    memory.write(b"Message #1")  # shmwrite
    print(memory.read(60).rstrip(b"\0").decode())  # shmread
    print("deleting", memory.id)  # shmctl with IPC_RMID, at the end of the block
