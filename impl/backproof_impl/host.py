"""The program that a Python target lives in: ``python -m backproof_impl.host``, spoken to by the line protocol.

What the target prints goes to standard error; it reads an empty standard input. When the other end goes away, so does
this process.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from typing import BinaryIO

from backproof_impl.calling import Kept, call
from backproof_impl.conventions import UsageError
from backproof_impl.loading import as_target
from backproof_impl.protocol import answer_message, line, read, read_call, started_message
from backproof_impl.target import Target


def _own_channels() -> tuple[BinaryIO, BinaryIO]:
    """The protocol's two streams, out of the target's reach: its standard output is now standard error."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return questions, answers


def _lines(questions: BinaryIO) -> queue.SimpleQueue[bytes]:
    """Lines as they come; at the end of them the process ends, whatever the target is doing."""
    arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def receive() -> None:
        for text in questions:
            arrived.put(text)
        os._exit(0)

    threading.Thread(target=receive, daemon=True).start()
    return arrived


def main() -> None:
    """Answer until the other end goes away."""
    questions, answers = _own_channels()
    arrived = _lines(questions)

    def send(text: bytes) -> None:
        answers.write(text)
        answers.flush()

    source = read(arrived.get())["source"]
    try:
        target = as_target(source)
    except UsageError as error:
        send(line({"type": "refused", "message": str(error)}))
        return
    send(line(started_message(target.name, sorted(target.functions), target.conventions)))
    kept = Kept()
    while True:
        message = read(arrived.get())
        if message["type"] == "stop":
            return
        kept = kept if message.get("keep") else Kept()
        send(_answer(target, message["seq"], message, kept))


def _answer(target: Target, seq: int, message: dict[str, object], kept: Kept) -> bytes:
    each = read_call(message)
    answer = call(target.functions[each.function], each, kept)
    try:
        return line(answer_message(seq, answer))
    except MemoryError:
        return line({"type": "error", "seq": seq, "message": "MemoryError: the result is too large to be sent"})


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # threads that the target left running do not keep the process alive
