"""`run`: a program to its end, with answers to its questions."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any

from pexpect.exceptions import EOF, TIMEOUT

from chat.compat.pexpect.pty_spawn import spawn

Events = Any  # a dictionary or a list of pairs: pattern, answer


def run(
    command: Any,
    timeout: float | None = 30,
    withexitstatus: bool = False,
    events: Events = None,
    extra_args: object = None,
    logfile: Any = None,
    cwd: Any = None,
    env: Any = None,
    **kwargs: Any,
) -> Any:
    """Run a command and return what it said; see pexpect.

    One that does not end within the timeout is ended: what it said by then is returned, and
    with `withexitstatus` there is no exit status.
    """
    if timeout != -1:
        kwargs["timeout"] = timeout
    child = spawn(command, maxread=2000, logfile=logfile, cwd=cwd, env=env, **kwargs)
    try:
        child_result_list = _converse(child, _pairs(events), extra_args)
    except BaseException:
        child.close()
        raise
    child_result = child.string_type().join(child_result_list)
    child.close()
    return (child_result, child.exitstatus) if withexitstatus else child_result


def runu(command: Any, timeout: float | None = 30, **kwargs: Any) -> Any:
    """`run` in text in UTF-8, unless an encoding is given."""
    kwargs.setdefault("encoding", "utf-8")
    return run(command, timeout=timeout, **kwargs)


def _pairs(events: Events) -> list[tuple[Any, Any]]:
    if isinstance(events, list):
        return events
    return list(events.items()) if isinstance(events, dict) else []


def _converse(child: spawn, events: list[tuple[Any, Any]], extra_args: object) -> list[Any]:
    """Answer what comes until the end, or until nothing comes in time."""
    patterns = [pattern for pattern, _ in events] if events else None
    responses = [response for _, response in events]
    child_result_list: list[Any] = []
    event_count = 0
    while True:
        try:
            index = child.expect(patterns)
        except (TIMEOUT, EOF):
            child_result_list.append(child.before)
            return child_result_list
        said = child.before
        if isinstance(child.after, child.allowed_string_types):
            said += child.after
        child_result_list.append(said)
        # What pexpect gives to a function is its own variables, by these names.
        known = {
            "child": child,
            "index": index,
            "event_count": event_count,
            "extra_args": extra_args,
            "patterns": patterns,
            "responses": responses,
            "child_result_list": child_result_list,
        }
        if not _answer(child, index, responses[index], known):
            return child_result_list
        event_count += 1


def _answer(child: spawn, index: int, response: Any, known: dict[str, Any]) -> bool:
    """Give an answer; whether to go on."""
    if isinstance(response, child.allowed_string_types):
        child.send(response)
        return True
    if not isinstance(response, FunctionType | MethodType):
        raise TypeError(
            f"parameter `event' at index {index} must be a string, method, or function:"
            f" {response!r}"
        )
    ask: Callable[[dict[str, Any]], Any] = response
    result = ask(known)
    sys.stdout.flush()
    if isinstance(result, child.allowed_string_types):
        child.send(result)
        return True
    return not result
