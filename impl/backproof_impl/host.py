"""The program that a Python target lives in, spoken to by the line protocol; ``isolation`` starts it.

What the target prints goes to standard error; it reads an empty standard input. When the other end goes away, so does
this process.
"""

from __future__ import annotations

import os
import sys

from backproof_impl.calling import call
from backproof_impl.conventions import Unloadable, UsageError
from backproof_impl.launch import neighbours, own_channels, received
from backproof_impl.loading import as_target
from backproof_impl.protocol import answer_message, line, read, read_call, read_further, started_message
from backproof_impl.seen import Kept
from backproof_impl.target import Target


def main() -> None:
    """Answer until the other end goes away."""
    questions, answers = own_channels()
    arrived = received(questions.readline)
    neighbours()

    def send(text: bytes) -> None:
        answers.write(text)
        answers.flush()

    first = read(arrived.get())
    try:
        target = as_target(first["source"], further=read_further(first))
    except UsageError as error:
        send(line({"type": "refused", "message": str(error), "unloadable": isinstance(error, Unloadable)}))
        return
    send(line(started_message(target.name, sorted(target.functions), target.conventions, target.signatures)))
    kept = Kept()
    while True:
        message = read(arrived.get())
        if message["type"] == "stop":
            return
        kept = kept if message.get("keep") else Kept()
        send(_answer(target, message["seq"], message, kept))


def _answer(target: Target, seq: int, message: dict[str, object], kept: Kept) -> bytes:
    each = read_call(message, target.signatures)
    answer = call(target, each, kept)
    try:
        return line(answer_message(seq, answer))
    except MemoryError:
        return line({"type": "error", "seq": seq, "message": "MemoryError: the result is too large to be sent"})


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # threads that the target left running do not keep the process alive
