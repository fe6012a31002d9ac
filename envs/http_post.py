"""One HTTP request, with a limit on its time and on its length. httpx is loaded when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

MOST_BYTES = 2**20
"""A longer answer is cut off and counts as none."""


class Reply(NamedTuple):
    """What a server answered."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


Post = Callable[[str, Mapping[str, str], bytes, float], Reply]
"""``post(url, headers, body, timeout)``. Raises TimeoutError where the answer is not complete in time, and
ConnectionError where there is none."""


def post_with_httpx(url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Reply:
    """Send a POST request. Redirects are not followed, so that a key goes to no other host.

    Args:
        url: Where to.
        headers: Whatever they contain, no exception repeats it.
        body: What to send.
        timeout: Seconds from the beginning to the end of the answer, however it drips in.

    Raises:
        ImportError: httpx is not installed.
        TimeoutError: It took too long.
        ConnectionError: No connection, a broken one, or an answer of more than `MOST_BYTES`.
    """
    try:
        import httpx
    except ImportError as error:
        raise ImportError("Asking a chat endpoint needs httpx: pip install 'tutelage[llm]'.") from error
    results: SimpleQueue[Reply | Exception] = SimpleQueue()

    def post(client: Any) -> None:
        received = bytearray()
        try:
            with client.stream("POST", url, headers=dict(headers), content=body) as response:
                for part in response.iter_bytes():
                    received += part
                    if len(received) > MOST_BYTES:
                        results.put(ConnectionError(f"the answer is longer than {MOST_BYTES:,} bytes"))
                        return
                answered = {name.lower(): text for name, text in response.headers.items()}
            results.put(Reply(response.status_code, answered, bytes(received)))
        except httpx.TimeoutException as error:
            results.put(TimeoutError(type(error).__name__))
        except Exception as error:  # not httpx's alone: the client may be closed while it waits
            results.put(ConnectionError(type(error).__name__))

    # In a thread of its own, for httpx limits the time of each part only, and a server can drip for hours. Exceptions
    # are made anew: those of httpx hold the request, and with it the key.
    client = httpx.Client(timeout=timeout, follow_redirects=False)
    Thread(target=post, args=(client,), daemon=True).start()
    try:
        result = results.get(timeout=timeout)
    except Empty:
        result = TimeoutError("the answer took too long")
    finally:
        client.close()
    if isinstance(result, Exception):
        raise result from None
    return result
