"""Measures chat beside its peers: the same work, in the same run, results checked.

    measure     runs peers in turn, round after round, and checks what they say
    peers/      each tool as a program that does the tasks
    work        the files they work on, the same for all
    report      tables, and what was claimed against what was measured

and one file for each benchmark, listed in `catalogue`.
"""
