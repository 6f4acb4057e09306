"""The tools that are compared, each as one program that does the same tasks.

A peer is called as `PEER TASK [NAME=VALUE ...] [-- COMMAND ...]`, does the task once, and
prints one line of JSON: `{"result": …, "wall": …, "own": …, "cpu": …}`, in seconds. It times
itself, so that its own start-up does not count, and its result is compared with the expected
one by whoever called it.

The tasks, with the names they take:

`roundtrip`  Start COMMAND, await `ready`; then `count` times send `send` and await `awaited`,
             with `reply` before it. In these, `@` stands for the number of the round.
             Result: how many replies were right.
`spawn`      `count` times start COMMAND, await its end, reap it, close; with `ballast` MiB
             of memory resident. Result: how many returned 0.
`scan`       Start COMMAND over `via` (pty or pipe), await READY, send a newline, await one of
             the patterns in the file `patterns`, keeping everything before the match. Result:
             the pattern's index, its first group or `-`, and length and CRC-32 of what came
             before. `size` is the length of all output, for a peer that does not search.
`lines`      Start COMMAND, await READY, send a newline, take `count` lines one by one.
             Result: how many lines came, and how many bytes without their ends.
`shell`      Run the commands in the file `cell` in a bash. Result: CRC-32 of the output, its
             line ends made plain.
`socket`     Start COMMAND, an echo server, call it over `via` (tcp or unix) at the address it
             prints, and do as in `roundtrip`; or, with `idle` seconds, wait that long for
             what does not come. Result: how many replies were right, or 1.

Processor time `own` is the peer's, and `cpu` with that of the programs it started.
"""
