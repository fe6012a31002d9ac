"""A language model behind an OpenAI-compatible chat endpoint: one question, one answer, kept on disk."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import RequestError, RunError
from ..state import write_text
from .http_post import Post, Reply, post_with_httpx

URL, MODEL, KEY = "TUTELAGE_LLM_URL", "TUTELAGE_LLM_MODEL", "TUTELAGE_LLM_KEY"

_TRY_AGAIN = {408, 409, 425, 429}  # and whatever is 500 or more
_LONGEST_WAIT = 60.0
_FORMAT = 1
_SHORTEST_SECRET = 8
"""A shorter key, such as the "none" of a local server, is no secret, and may be a word of an answer."""


class NoAnswerError(RunError):
    """The endpoint did not answer: it is not there, takes too long, or refuses."""


class MalformedAnswerError(RunError):
    """The endpoint answered something else than what was asked for."""


class ChatEndpoint:
    """Asks a language model, and remembers what it said.

    Any server with ``POST {url}/chat/completions`` in OpenAI's form will do: vLLM, llama.cpp, Ollama, a commercial
    one. The key is read from the environment variable ``TUTELAGE_LLM_KEY`` for each request and kept nowhere: it is in
    no attribute, repr, exception, cache or log of this library. A local server may need none.

    A request that times out, finds no server, or is answered with 408, 409, 425, 429 or 500 and above is sent again,
    after ``backoff``, twice that, four times that … seconds, or as long as the server's ``Retry-After`` says (a minute
    at most). Other answers than 200 are final. httpx is needed (``pip install tutelage[llm]``), but not before the
    first request.

    Args:
        url: The base URL, e.g. ``"http://localhost:8000/v1"``; by default ``TUTELAGE_LLM_URL``.
        model: The model's name there; by default ``TUTELAGE_LLM_MODEL``.
        timeout: Seconds for a request.
        retries: How many times a request is sent again.
        backoff: Seconds before the second time.
        cache: A folder for the answers, one JSON file each, by a hash of URL, model, options and question. Processes
            may share it. None keeps nothing.
        options: Further fields of the request; by default ``{"temperature": 0}``.
        post: How a request is sent; by default with httpx (`tutelage.envs.http_post`).

    Attributes:
        requests: How many requests were sent.
        cached: How many questions the cache answered.

    Raises:
        RequestError: No URL or no model, a URL that is no plain http(s) address, or a number out of range.

    Example:
        >>> endpoint = ChatEndpoint("http://localhost:8000/v1", "llama-3")
        >>> endpoint
        ChatEndpoint('http://localhost:8000/v1', 'llama-3')
    """

    def __init__(
        self,
        url: str | None = None,
        model: str | None = None,
        *,
        timeout: float = 30.0,
        retries: int = 3,
        backoff: float = 1.0,
        cache: str | os.PathLike[str] | None = None,
        options: Mapping[str, Any] | None = None,
        post: Post = post_with_httpx,
    ) -> None:
        self.url = _checked_url(url if url is not None else os.environ.get(URL, ""))
        self.model = model if model is not None else os.environ.get(MODEL, "")
        if not self.model:
            raise RequestError(f"Which model is to be asked? Set {MODEL}, or pass model.")
        if not (math.isfinite(timeout) and timeout > 0.0):
            raise RequestError(f"Expected timeout as a positive number of seconds, got {timeout!r}.")
        if not (math.isfinite(backoff) and backoff >= 0.0) or isinstance(retries, bool) or retries < 0:
            raise RequestError(f"Expected retries and backoff of at least 0, got {retries!r} and {backoff!r}.")
        self.timeout, self.retries, self.backoff = timeout, retries, backoff
        self.cache = None if cache is None else Path(cache)
        self.options = {"temperature": 0} if options is None else _plain(options)
        self.requests = self.cached = 0
        self._post = post

    def __repr__(self) -> str:
        return f"ChatEndpoint({self.url!r}, {self.model!r})"

    def ask(self, question: str) -> str:
        """Return the answer to a question, from the cache or from the model.

        Args:
            question: What is sent, as one message of the user.

        Raises:
            NoAnswerError: No answer after all retries, or a refusal.
            MalformedAnswerError: An answer that is no chat completion.
            ImportError: httpx is not installed.
            RequestError: The key in the environment cannot be one.
            RunError: The answer cannot be written to the cache.
        """
        request = {
            "model": self.model,
            "messages": [{"role": "user", "content": question}],
            **self.options,
        }
        known = self._remembered(request)
        if known is not None:
            self.cached += 1
            return known
        key = _key()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        reply = self._send(headers, json.dumps(request).encode("utf-8"))
        answer = self._content(reply)
        if len(key) >= _SHORTEST_SECRET:
            answer = answer.replace(key, "***")
        self._remember(request, answer)
        return answer

    def _send(self, headers: Mapping[str, str], body: bytes) -> Reply:
        for attempt in range(self.retries + 1):
            reply = None
            try:
                self.requests += 1
                reply = self._post(f"{self.url}/chat/completions", headers, body, self.timeout)
                problem = f"HTTP status {reply.status}"
            except TimeoutError:
                problem = f"no answer within {self.timeout:g} s"
            except ConnectionError as error:
                problem = f"no connection ({error or type(error).__name__})"
            if reply is not None and reply.status == 200:
                return reply
            if reply is not None and reply.status < 500 and reply.status not in _TRY_AGAIN:
                break
            if attempt < self.retries:
                time.sleep(self._wait(attempt, reply))
        hint = f" Is {KEY} set to the right key?" if reply is not None and reply.status in (401, 403) else ""
        times = "once" if attempt == 0 else f"{attempt + 1} times"
        raise NoAnswerError(f"The chat endpoint {self.url} (model {self.model}), asked {times}, gave {problem}.{hint}")

    def _wait(self, attempt: int, reply: Reply | None) -> float:
        try:
            wanted = float(reply.headers.get("retry-after", "")) if reply is not None else 0.0
        except ValueError:
            wanted = 0.0
        if not math.isfinite(wanted):
            wanted = 0.0
        return min(max(wanted, self.backoff * 2.0**attempt), _LONGEST_WAIT)

    def _content(self, reply: Reply) -> str:
        try:
            content = json.loads(reply.body)["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError):
            content = None
        if not isinstance(content, str):
            raise MalformedAnswerError(
                f"The chat endpoint {self.url} answered something that is no chat completion: expected "
                "JSON with choices[0].message.content."
            )
        return content.encode("utf-8", "replace").decode("utf-8")  # JSON can have halves of characters

    def _file(self, request: Mapping[str, Any]) -> Path | None:
        if self.cache is None:
            return None
        text = json.dumps([self.url, request], sort_keys=True)
        return self.cache / f"{hashlib.sha256(text.encode('utf-8')).hexdigest()[:40]}.json"

    def _remembered(self, request: dict[str, Any]) -> str | None:
        file = self._file(request)
        if file is None or not file.exists():
            return None
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            kept = None
        if isinstance(kept, dict) and (kept.get("format"), kept.get("request")) == (_FORMAT, request):
            answer = kept.get("answer")
            if isinstance(answer, str):
                return answer
        warnings.warn(f"{file} is damaged and no answer of a language model; it is asked again.", stacklevel=3)
        return None

    def _remember(self, request: dict[str, Any], answer: str) -> None:
        file = self._file(request)
        if file is None:
            return
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"Cannot make the folder of answers {file.parent}: {error.strerror or error}.") from error
        kept = {"format": _FORMAT, "url": self.url, "request": request, "answer": answer}
        write_text(file, json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has them, with which the answers in the cache are compared."""
    try:
        plain: dict[str, Any] = json.loads(json.dumps(dict(options), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise RequestError(f"options must be plain data, numbers, texts, lists and mappings: {error}.") from error
    return plain


def _checked_url(url: str) -> str:
    if not url:
        raise RequestError(f"Where is the language model? Set {URL}, e.g. to http://localhost:8000/v1, or pass url.")
    try:
        parts = urlsplit(url)
        plain = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        plain = plain and not parts.query and not parts.fragment and (parts.port is None or parts.port > 0)
    except ValueError:
        plain = False
    if not plain or any(character.isspace() for character in url):
        # What came is not repeated: it may contain a password or a key.
        raise RequestError(
            "Expected the URL of a chat endpoint as http(s)://host[:port]/path, without user, password, '?' and '#', "
            f"e.g. http://localhost:8000/v1; a key belongs into {KEY}."
        )
    return url.rstrip("/").removesuffix("/chat/completions")


def _key() -> str:
    key = os.environ.get(KEY, "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise RequestError(f"{KEY} has blanks or characters that no key has (it is not shown here).")
    return key
