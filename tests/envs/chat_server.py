"""A chat endpoint on this machine that answers well, badly, slowly, or not at all."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tutelage.envs.http_post import Reply


def completion(content):
    """What an endpoint sends: a message of a model."""
    return json.dumps({"id": "1", "object": "chat.completion", "choices": [{"message": {"content": content}}]})


def listed(*cells):
    """A model's answer with these cells."""
    return json.dumps({"subgoals": [{"x": x, "y": y, "instruction": f"go to {x} {y}"} for x, y in cells]})


class ChatServer:
    """Answers each request with the next of its replies, the last one again and again.

    A reply is a text (the model's answer), or a dict with ``status``, ``body``, ``headers``, ``delay`` (seconds before
    it answers), ``drip`` (seconds between its bytes) and ``drip_headers`` (seconds between headers that never end).
    """

    def __init__(self, *replies):
        self.replies = list(replies)
        self.requests = []
        self.stopping = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                outer.requests.append({"path": self.path, "headers": dict(self.headers), "body": json.loads(body)})
                reply = outer.replies.pop(0) if len(outer.replies) > 1 else outer.replies[0]
                reply = {"body": completion(reply)} if isinstance(reply, str) else reply
                outer.stopping.wait(reply.get("delay", 0.0))
                body = reply.get("body", "").encode()
                try:
                    if "drip_headers" in reply:
                        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                        while not outer.stopping.wait(reply["drip_headers"]):
                            self.wfile.write(b"X-Patience: x\r\n")
                        return
                    self.send_response(reply.get("status", 200))
                    for name, text in reply.get("headers", {}).items():
                        self.send_header(name, text)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    pieces = [body[i : i + 1] for i in range(len(body))] if "drip" in reply else [body]
                    for piece in pieces:
                        self.wfile.write(piece)
                        self.wfile.flush()
                        outer.stopping.wait(reply.get("drip", 0.0))
                except OSError:
                    pass  # the client went away

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def closed_port():
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


def post_with_urllib(url, headers, body, timeout):
    """The same as ``post_with_httpx`` with Python's own means, so that the rest can be tested without httpx."""
    request = urllib.request.Request(url, body, dict(headers), method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirects())
    deadline = time.monotonic() + timeout
    problem = None
    try:
        with opener.open(request, timeout=timeout) as response:
            received = b""
            while part := response.read1(1024):
                received += part
                if time.monotonic() > deadline:
                    raise TimeoutError
            return Reply(response.status, {name.lower(): text for name, text in response.headers.items()}, received)
    except urllib.error.HTTPError as error:
        return Reply(error.code, {name.lower(): text for name, text in error.headers.items()}, error.read())
    except TimeoutError:
        problem = TimeoutError("too slow")
    except urllib.error.URLError as error:
        slow = isinstance(error.reason, TimeoutError)
        problem = TimeoutError("too slow") if slow else ConnectionError("nobody there")
    raise problem


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for an answer."""

    def redirect_request(self, *args):
        return None
