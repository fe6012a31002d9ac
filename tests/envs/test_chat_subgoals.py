"""Subgoals from a chat endpoint that answers well, badly, slowly, and not at all."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import pickle
import subprocess
import sys
import time
import traceback
from pathlib import Path

import gymnasium as gym
import minigrid  # noqa: F401 - registers its environments
import pytest
from stable_baselines3.common.vec_env import SubprocVecEnv
from tutelage.envs import (
    CellProgress,
    ChatEndpoint,
    ChatSubgoals,
    MalformedAnswerError,
    MiniGridView,
    NoAnswerError,
    PlannerOracle,
    RelativeEncoding,
)
from tutelage.envs import chat_endpoint as module
from tutelage.envs.chat_subgoals import question_for, read_subgoals
from tutelage.envs.http_post import MOST_BYTES, post_with_httpx
from tutelage.errors import RequestError
from tutelage.wrappers import Subgoals

sys.path.insert(0, str(Path(__file__).parent))

from chat_server import ChatServer, closed_port, completion, listed, post_with_urllib

SECRET = "sk-do-not-tell-anyone-0123456789"
HAS_HTTPX = importlib.util.find_spec("httpx") is not None
needs_httpx = pytest.mark.skipif(not HAS_HTTPX, reason="needs httpx, the extra llm")

GARBAGE = [
    "I cannot help with that.",
    "",
    "{",
    "{" * 50_000,
    '{"subgoals": ' + "[" * 50_000,
    '{"answer": 42}',
    '{"goals": [{"x": 1, "y": 1}]}',
    '{"subgoals": []}',
    '{"subgoals": "the key"}',
    '{"subgoals": [[1, 2]]}',
    '{"subgoals": [{"x": 1}]}',
    '{"subgoals": [{"x": "1", "y": 2}]}',
    '{"subgoals": [{"x": 1.5, "y": 2}]}',
    '{"subgoals": [{"x": true, "y": 2}]}',
    '{"subgoals": [{"x": NaN, "y": 2}]}',
    '{"subgoals": [{"x": 1, "y": 2, "instruction": ["go"]}]}',
    '{"subgoals": [{"x": 25, "y": 2}]}',
    '{"subgoals": [{"x": 1, "y": -1}]}',
    '{"subgoals": [{"x": 1, "y": 1}, {"x": 1, "y": 1000000000000000000000}]}',
    '{"subgoals": [{"x": ' + "9" * 5_000 + ', "y": 1}]}',
    json.dumps({"subgoals": [{"x": 1, "y": 1}] * 21}),
]
"""Answers that no list of subgoals in a grid of 25×25 cells can be read from."""

NOT_CHAT = [
    "<html>Welcome!</html>",
    "",
    "[]",
    "null",
    '{"error": "no such model"}',
    '{"choices": []}',
    '{"choices": [{"message": {"content": null}}]}',
    '{"choices": [{"text": "hello"}]}',
    '{"choices": {"message": 1}}',
    "[" * 50_000,
]
"""What other servers answer."""


@pytest.fixture(params=["urllib", pytest.param("httpx", marks=needs_httpx)])
def post(request):
    return {"urllib": post_with_urllib, "httpx": post_with_httpx}[request.param]


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in (module.URL, module.MODEL, module.KEY):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def waits(monkeypatch):
    """The seconds it would have slept."""
    slept = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    return slept


def rooms():
    return gym.make("MiniGrid-MultiRoom-N2-S4-v0")


def started():
    env = rooms()
    env.reset(seed=0)
    return env


def asked(server, post=post_with_urllib, instead="raise", **kwargs):
    """Subgoals from a server, of the episode of seed 0."""
    url = server if isinstance(server, str) else server.url
    endpoint = ChatEndpoint(url, "a-model", post=post, **{"timeout": 5.0, "backoff": 0.0, **kwargs})
    provider = ChatSubgoals(endpoint, instead=instead)
    return provider, provider.subgoals(started())


# --- It answers well -------------------------------------------------------------------------------------------------


def test_a_good_answer_becomes_the_list(post):
    with ChatServer(listed((3, 4), (5, 6))) as server:
        provider, subgoals = asked(server, post)
    assert [str(each) for each in subgoals] == ["go to 3 4 at (3, 4)", "go to 5 6 at (5, 6)"]
    assert provider.counts == {"answered": 1, "malformed": 0, "unanswered": 0}


def test_the_request_is_that_of_an_openai_compatible_endpoint(post, monkeypatch):
    monkeypatch.setenv(module.KEY, SECRET)
    with ChatServer(listed((3, 4))) as server:
        asked(server, post, options={"temperature": 0.5, "max_tokens": 300})
    request = server.requests[0]
    assert request["path"] == "/v1/chat/completions"
    assert request["headers"]["Authorization"] == f"Bearer {SECRET}"
    assert request["headers"]["Content-Type"] == "application/json"
    assert request["body"]["model"] == "a-model"
    assert (request["body"]["temperature"], request["body"]["max_tokens"]) == (0.5, 300)
    assert [message["role"] for message in request["body"]["messages"]] == ["user"]


def test_the_question_describes_the_grid(post):
    env = started()
    with ChatServer(listed((3, 4))) as server:
        asked(server, post)
    question = server.requests[0]["body"]["messages"][0]["content"]
    assert question == question_for(env)
    door = PlannerOracle().subgoals(env)[0].cell
    assert f"door at x = {door[0]}, y = {door[1]}" in question
    assert "25 columns" in question


def test_without_a_key_no_authorization_is_sent(post):
    with ChatServer(listed((3, 4))) as server:
        asked(server, post)
    assert "Authorization" not in server.requests[0]["headers"]


def test_url_and_model_can_come_from_the_environment(monkeypatch):
    monkeypatch.setenv(module.URL, "http://localhost:8000/v1/")
    monkeypatch.setenv(module.MODEL, "llama-3")
    assert repr(ChatEndpoint()) == "ChatEndpoint('http://localhost:8000/v1', 'llama-3')"


@pytest.mark.parametrize(
    "answer",
    [
        'Here you are:\n```json\n{"subgoals": [{"x": 3, "y": 4}]}\n```\nGood luck!',
        '{"thoughts": {"a": 1}} {"subgoals": [{"x": 3, "y": 4}]}',
        '{broken {"subgoals": [{"x": 3, "y": 4, "colour": "red"}], "why": "so"}',
    ],
)
def test_words_around_the_json_do_no_harm(answer):
    assert [each.cell for each in read_subgoals(answer, 25, 25)] == [(3, 4)]


def test_an_instruction_is_made_one_line_of_at_most_200_characters():
    answer = json.dumps({"subgoals": [{"x": 3, "y": 4, "instruction": "take\nthe \x1b key " + "x" * 1_000}]})
    text = read_subgoals(answer, 25, 25)[0].text
    assert text.startswith("take the")
    assert "\n" not in text
    assert len(text) == 200


def test_it_guides_an_episode(post):
    env = started()
    door, goal = [subgoal.cell for subgoal in PlannerOracle().subgoals(env)]
    with ChatServer(listed(door, goal)) as server:
        provider = ChatSubgoals(ChatEndpoint(server.url, "a-model", post=post))
        env = Subgoals(MiniGridView(rooms()), provider, RelativeEncoding(), CellProgress())
        observation, info = env.reset(seed=0)
    assert observation["subgoal"].any()
    assert info["subgoals"][0].endswith(f"at {door}")


def test_worker_processes_can_ask(post):
    def make():
        return Subgoals(MiniGridView(rooms()), provider, RelativeEncoding(), CellProgress())

    with ChatServer(listed((3, 4), (5, 6))) as server:
        provider = ChatSubgoals(ChatEndpoint(server.url, "a-model", post=post))
        venv = SubprocVecEnv([make, make], start_method="fork")
        assert venv.reset()["subgoal"].any(axis=1).all()
        venv.close()
    assert len(server.requests) >= 2


# --- It answers badly ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", GARBAGE, ids=lambda answer: answer[:40])
def test_an_answer_that_is_none_is_malformed(answer):
    with pytest.raises(MalformedAnswerError, match="language model's answer"):
        read_subgoals(answer, 25, 25)


@pytest.mark.parametrize("instead", ["oracle", "nothing"])
@pytest.mark.parametrize("reply", [GARBAGE[0], GARBAGE[5], GARBAGE[16], {"body": NOT_CHAT[0]}, {"body": NOT_CHAT[4]}])
def test_a_malformed_answer_is_counted_and_replaced_as_configured(post, reply, instead):
    with ChatServer(reply) as server:
        provider, subgoals = asked(server, post, instead=instead)
    assert provider.counts == {"answered": 0, "malformed": 1, "unanswered": 0}
    assert subgoals == (PlannerOracle().subgoals(started()) if instead == "oracle" else [])


@pytest.mark.parametrize("body", NOT_CHAT, ids=lambda body: body[:30])
def test_what_is_no_chat_completion_is_refused_by_name(body):
    with ChatServer({"body": body}) as server, pytest.raises(MalformedAnswerError, match="no chat completion"):
        asked(server)


def test_a_malformed_answer_can_be_raised(post):
    with ChatServer("no idea") as server, pytest.raises(MalformedAnswerError, match="Expected a language model's"):
        asked(server, post)


def test_an_endless_answer_is_cut_off():
    pytest.importorskip("httpx")
    with ChatServer({"body": "x" * (MOST_BYTES + 1)}) as server, pytest.raises(NoAnswerError, match="longer than"):
        asked(server, post_with_httpx, retries=0)


# --- It answers slowly, late, or not at all --------------------------------------------------------------------------


def test_a_server_that_hangs_is_given_up_after_the_retries(post):
    with ChatServer({"body": completion(listed((3, 4))), "delay": 30.0}) as server:
        began = time.monotonic()
        with pytest.raises(NoAnswerError, match=r"asked 3 times, gave no answer within 0\.2 s"):
            asked(server, post, timeout=0.2, retries=2)
    assert len(server.requests) == 3
    assert time.monotonic() - began < 20.0


def test_a_server_that_drips_is_given_up(post):
    slow = {"body": completion(listed((3, 4))), "drip": 0.05}
    with ChatServer(slow) as server, pytest.raises(NoAnswerError, match="no answer within"):
        asked(server, post, timeout=0.3, retries=0)


def test_headers_that_never_end_are_given_up():
    pytest.importorskip("httpx")
    with ChatServer({"drip_headers": 0.1}) as server:
        began = time.monotonic()
        with pytest.raises(NoAnswerError, match=r"no answer within 0\.5 s"):
            asked(server, post_with_httpx, timeout=0.5, retries=1)
        assert time.monotonic() - began < 5.0


def test_half_characters_and_control_characters_of_an_answer_do_no_harm(post, tmp_path):
    listing = '{"subgoals": [{"x": 3, "y": 4, "instruction": "go \ud800\x00\x1b[2J on"}]}'
    with ChatServer(listing.replace("\x00", "\\u0000").replace("\x1b", "\\u001b")) as server:
        _, subgoals = asked(server, post, cache=tmp_path)
    assert [str(each) for each in subgoals] == ["go ? [2J on at (3, 4)"]


def test_options_are_plain_data_and_compared_as_such(post, tmp_path):
    with ChatServer(listed((3, 4))) as server:
        for _ in range(2):
            asked(server, post, cache=tmp_path, options={"stop": ("#",)})
        assert len(server.requests) == 1
        with pytest.raises(RequestError, match="options must be plain data"):
            asked(server, post, options={"stop": {1}})


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 599])
def test_a_passing_failure_is_tried_again(post, status, waits):
    with ChatServer({"status": status}, {"status": status}, listed((3, 4))) as server:
        provider, subgoals = asked(server, post, backoff=0.5)
    assert [each.cell for each in subgoals] == [(3, 4)]
    assert waits == [0.5, 1.0]
    assert provider.endpoint.requests == 3


def test_it_waits_as_long_as_the_server_says_but_a_minute_at_most(post, waits):
    replies = [{"status": 429, "headers": {"Retry-After": text}} for text in ("7", "900", "nan", "tomorrow", "-1")]
    with ChatServer(*replies, listed((3, 4))) as server:
        asked(server, post, backoff=1.0, retries=5)
    assert waits == [7.0, 60.0, 4.0, 8.0, 16.0]


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 422])
def test_a_refusal_is_final(post, status):
    reply = {"status": status, "headers": {"Location": "http://127.0.0.1:9/elsewhere"}, "body": "no"}
    with ChatServer(reply) as server, pytest.raises(NoAnswerError, match=f"asked once, gave HTTP status {status}"):
        asked(server, post)
    assert len(server.requests) == 1


def test_a_refused_key_is_pointed_out(post):
    with ChatServer({"status": 401}) as server, pytest.raises(NoAnswerError, match=f"Is {module.KEY} set"):
        asked(server, post)


def test_nobody_there_is_told_with_the_address(post):
    url = closed_port()
    with pytest.raises(NoAnswerError, match=f"{url}.*asked 2 times, gave no connection"):
        asked(url, post, retries=1)


@pytest.mark.parametrize("instead", ["oracle", "nothing"])
def test_no_answer_is_counted_and_replaced_as_configured(post, instead):
    provider, subgoals = asked(closed_port(), post, instead=instead, retries=0)
    assert provider.counts == {"answered": 0, "malformed": 0, "unanswered": 1}
    assert subgoals == (PlannerOracle().subgoals(started()) if instead == "oracle" else [])


def test_an_endpoint_that_keeps_failing_is_not_asked_any_more():
    with ChatServer({"status": 500}) as server:
        provider = ChatSubgoals(ChatEndpoint(server.url, "m", retries=0, post=post_with_urllib), patience=2)
        env = started()
        provider.subgoals(env)
        with pytest.warns(UserWarning, match="not asked any more; the oracle steps in"):
            provider.subgoals(env)
        for _ in range(3):
            assert provider.subgoals(env) == PlannerOracle().subgoals(env)
    assert len(server.requests) == 2
    assert provider.counts["unanswered"] == 5


def test_an_answer_restores_the_patience():
    replies = [{"status": 500}, listed((3, 4)), {"status": 500}, "garbage", {"status": 500}, listed((3, 4))]
    with ChatServer(*replies) as server:
        provider = ChatSubgoals(ChatEndpoint(server.url, "m", retries=0, post=post_with_urllib), patience=2)
        for _ in replies:
            provider.subgoals(started())
    assert provider.counts == {"answered": 2, "malformed": 1, "unanswered": 3}


# --- The cache -------------------------------------------------------------------------------------------------------


def test_an_answer_is_kept_as_json_and_not_asked_for_again(post, tmp_path):
    folder = tmp_path / "answers"
    with ChatServer(listed((3, 4))) as server:
        _, first = asked(server, post, cache=folder)
        provider, second = asked(server, post, cache=folder)
    assert first == second
    assert (len(server.requests), provider.endpoint.cached, provider.endpoint.requests) == (1, 1, 0)
    (file,) = folder.iterdir()
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert kept["answer"] == listed((3, 4))
    assert kept["request"]["model"] == "a-model"


def test_other_questions_models_and_options_are_asked(tmp_path):
    with ChatServer(listed((3, 4))) as server:
        first = ChatEndpoint(server.url, "a", cache=tmp_path, post=post_with_urllib)
        others = [
            ChatEndpoint(server.url, "b", cache=tmp_path, post=post_with_urllib),
            ChatEndpoint(server.url, "a", cache=tmp_path, post=post_with_urllib, options={}),
        ]
        for endpoint in (first, *others):
            endpoint.ask("Where?")
        first.ask("Why?")
    assert len(server.requests) == 4
    assert len(list(tmp_path.iterdir())) == 4


def test_a_malformed_answer_is_kept_and_counted_each_time(tmp_path):
    with ChatServer("no idea") as server:
        provider = ChatSubgoals(ChatEndpoint(server.url, "m", cache=tmp_path, post=post_with_urllib))
        for _ in range(3):
            provider.subgoals(started())
    assert len(server.requests) == 1
    assert provider.counts["malformed"] == 3


def test_failures_are_not_kept(tmp_path):
    for reply in ({"status": 500}, {"body": "<html>"}):
        with ChatServer(reply) as server:
            asked(server, instead="nothing", cache=tmp_path, retries=0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "{", '{"answer": "someone else\'s"}', "[1]", '"x"', "\udcff", "[" * 50_000])
def test_a_damaged_answer_is_named_and_asked_for_again(tmp_path, text):
    with ChatServer(listed((3, 4))) as server:
        asked(server, cache=tmp_path)
        (file,) = tmp_path.iterdir()
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.warns(UserWarning, match=f"{file.name} is damaged"):
            _, subgoals = asked(server, cache=tmp_path)
        asked(server, cache=tmp_path)
    assert subgoals[0].cell == (3, 4)
    assert len(server.requests) == 2


# --- The key ---------------------------------------------------------------------------------------------------------


def everything_said(provider, error):
    """Whatever could be printed, logged, pickled or kept of a provider and an exception."""
    said = [repr(provider), repr(provider.endpoint), str(vars(provider)), str(vars(provider.endpoint))]
    said.append(repr(pickle.dumps(provider.endpoint)))
    if error is not None:
        said += [str(error), repr(error), "".join(traceback.format_exception(error)), repr(pickle.dumps(error))]
        said += [repr(error.__context__), repr(error.__cause__)]
    return " ".join(said)


@pytest.mark.parametrize(
    "reply",
    [
        listed((3, 4)),
        f"{SECRET} {listed((3, 4))}",
        "garbage",
        {"body": f'{{"error": "bad key {SECRET}"}}'},
        {"status": 401, "body": f"Incorrect key {SECRET}"},
        {"status": 500, "body": SECRET},
        {"body": "late", "delay": 5.0},
        None,
    ],
)
def test_the_key_is_told_nobody(post, reply, monkeypatch, caplog, capfd, tmp_path, recwarn):
    monkeypatch.setenv(module.KEY, SECRET)
    caplog.set_level(logging.DEBUG)
    error = None
    with ChatServer(reply or "") as server:
        url = server.url if reply is not None else closed_port()
        endpoint = ChatEndpoint(url, "m", timeout=0.5, retries=0, cache=tmp_path, post=post)
        provider = ChatSubgoals(endpoint, instead="raise")
        try:
            provider.subgoals(started())
        except (NoAnswerError, MalformedAnswerError) as raised:
            error = raised
    out, err = capfd.readouterr()
    kept = " ".join(file.read_text(encoding="utf-8") for file in tmp_path.iterdir())
    warned = " ".join(str(warning.message) for warning in recwarn)
    assert SECRET not in everything_said(provider, error) + caplog.text + out + err + kept + warned


@pytest.mark.parametrize("key", ["two words-of-a-secret", "sécret-of-mine", "line\nbreak-secret", "tab\tsecret"])
def test_a_key_that_can_be_none_is_refused_without_telling_it(key, monkeypatch):
    monkeypatch.setenv(module.KEY, key)
    with pytest.raises(RequestError, match=f"{module.KEY} has blanks or characters") as raised:
        ChatEndpoint(closed_port(), "m", post=post_with_urllib).ask("?")
    assert "cret" not in str(raised.value)


def test_the_key_is_read_for_each_request(monkeypatch):
    with ChatServer(listed((3, 4))) as server:
        endpoint = ChatEndpoint(server.url, "m", post=post_with_urllib)
        for key in ("first-key", "second-key"):
            monkeypatch.setenv(module.KEY, f" {key}\n")
            endpoint.ask("?")
    assert [request["headers"]["Authorization"] for request in server.requests] == [
        "Bearer first-key",
        "Bearer second-key",
    ]


# --- Bad requests ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("url", "name"), [(None, module.URL), ("http://localhost/v1", module.MODEL)])
def test_what_is_missing_is_named(url, name):
    with pytest.raises(RequestError, match=f"Set {name}"):
        ChatEndpoint(url)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000/v1",
        "ftp://host/v1",
        "http://",
        "http://host:port/v1",
        "http://[::1/v1",
        f"http://user:{SECRET}@host/v1",
        f"https://host/v1?key={SECRET}",
        f"https://host/v1#{SECRET}",
        "http://host/v1 beta",
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(url):
    with pytest.raises(RequestError, match=r"Expected the URL of a chat endpoint") as raised:
        ChatEndpoint(url, "m")
    assert SECRET not in str(raised.value)


def test_the_whole_address_of_completions_is_understood():
    assert ChatEndpoint("https://host/v1/chat/completions", "m").url == "https://host/v1"


@pytest.mark.parametrize(
    "arguments", [{"timeout": 0}, {"timeout": float("inf")}, {"retries": -1}, {"backoff": -0.5}, {"retries": True}]
)
def test_numbers_out_of_range_are_refused(arguments):
    with pytest.raises(RequestError, match="Expected"):
        ChatEndpoint("http://host/v1", "m", **arguments)


@pytest.mark.parametrize("arguments", [{"instead": "orakel"}, {"patience": 0}])
def test_what_to_do_instead_has_to_be_known(arguments):
    with pytest.raises(RequestError, match=r"instead|patience"):
        ChatSubgoals(ChatEndpoint("http://host/v1", "m"), **arguments)


def test_an_environment_that_the_oracle_does_not_know_is_named_when_it_has_to_step_in():
    env = gym.make("MiniGrid-Empty-5x5-v0")
    env.reset(seed=0)
    endpoint = ChatEndpoint(closed_port(), "m", retries=0, post=post_with_urllib)
    with pytest.raises(ValueError, match="not EmptyEnv"):
        ChatSubgoals(endpoint).subgoals(env)
    assert ChatSubgoals(endpoint, instead="nothing").subgoals(env) == []


def test_without_httpx_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ImportError, match=r"pip install 'tutelage\[llm\]'"):
        asked(closed_port(), post_with_httpx, instead="oracle")


def test_httpx_is_not_loaded_before_it_is_needed():
    code = (
        "import sys, tutelage.envs as envs\n"
        "endpoint = envs.ChatEndpoint('http://localhost/v1', 'm'); envs.ChatSubgoals(endpoint)\n"
        "print('httpx' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}, timeout=60
    )
    assert done.stdout.strip() == "False"
