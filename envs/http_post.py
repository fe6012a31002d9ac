"""One HTTP request, with a limit on its time and on its length. httpx is loaded when it is needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

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
        timeout: Seconds for each of connecting, sending and waiting for a part of the answer; an answer that drips in
            is given up after as long in all.

    Raises:
        ImportError: httpx is not installed.
        TimeoutError: It took too long.
        ConnectionError: No connection, a broken one, or an answer of more than `MOST_BYTES`.
    """
    try:
        import httpx
    except ImportError as error:
        raise ImportError("Asking a chat endpoint needs httpx: pip install 'tutelage[llm]'.") from error
    deadline = time.monotonic() + timeout
    received = bytearray()
    # Raised below, outside of the handlers: httpx's exceptions hold the request, and with it the key.
    problem: Exception | None = None
    try:
        with (
            httpx.Client(timeout=timeout, follow_redirects=False) as client,
            client.stream("POST", url, headers=dict(headers), content=body) as response,
        ):
            for part in response.iter_bytes():
                received += part
                if time.monotonic() > deadline:
                    problem = TimeoutError("the answer took too long")
                    break
                if len(received) > MOST_BYTES:
                    problem = ConnectionError(f"the answer is longer than {MOST_BYTES:,} bytes")
                    break
            status, answered = response.status_code, {name.lower(): text for name, text in response.headers.items()}
    except httpx.TimeoutException as error:
        problem = TimeoutError(type(error).__name__)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        problem = ConnectionError(type(error).__name__)
    if problem is not None:
        raise problem
    return Reply(status, answered, bytes(received))
