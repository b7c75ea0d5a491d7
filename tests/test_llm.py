"""The service's faults, by the real SDK over real HTTP, and what the user reads of each."""

import gzip
import json
import time
import traceback

import pytest
from pydantic import SecretStr

from actalign import services
from actalign.errors import UsageError
from actalign.scripts import LLMConfig, ScriptRequest, generate_scripts
from actalign.scripts._answer import SCHEMA
from actalign.scripts._bank import read_bank
from actalign.scripts._chat import ChatRequest, LLMError, Message
from actalign.scripts._llm import LLMService
from actalign.services import read_api_key
from tests.llm_server import (
    LLMServer,
    Reply,
    cuts,
    drips,
    floods,
    good,
    good_scripts,
    hangs,
    message,
    needs_no,
    refuses,
    says,
    status,
    steps_of,
)

KEY = "live_4f9a81c2d7b3"
LABELS = ("jump shot", "layup")


@pytest.fixture
def server():
    with LLMServer() as running:
        yield running
        assert set(running.paid.values()) <= {1}, "an answer was bought twice"


@pytest.fixture
def ask(server, tmp_path):
    """Send one request, or several, to the server; return the results by id."""

    def _ask(*requests, bank=None, **settings):
        given = requests or (ScriptRequest("q", LABELS, "basketball"),)
        config = LLMConfig(**{"base_url": server.url, "model": "tiny", "max_retries": 2} | settings)
        found = generate_scripts(
            given, config=config, api_key=SecretStr(KEY), cache=tmp_path / "cache", bank=bank
        )
        return {result.request.id: result for result in found}

    return _ask


def wrapped(before, after=""):
    return lambda body: before + json.dumps(good_scripts(body)) + after


def test_a_good_answer_becomes_scripts_in_the_order_of_the_labels(server, ask):
    result = ask()["q"]
    assert [s.label for s in result.scripts] == list(LABELS)
    assert result.scripts[0].steps == tuple(steps_of("jump shot"))
    assert result.scripts[0].domain == "basketball"
    assert (result.asked, result.error) == (1, None)
    assert (result.record.input_tokens, result.record.output_tokens) == (100, 50)
    assert result.record.answer_format == "json_schema"
    assert result.record.served_model == "tiny-snapshot"
    assert server.requests[0]["temperature"] == 0.2
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "text",
    [
        wrapped("Sure! Here are the {scripts} you asked for:\n```json\n", "\n```\nEnjoy [all]."),
        lambda body: json.dumps(good_scripts(body)["scripts"]),
        lambda body: json.dumps({name.upper(): steps_of(name) for name in LABELS}),
        lambda body: json.dumps({"scripts": good_scripts(body)["scripts"][::-1]}),
    ],
    ids=["prose and fence", "bare array", "by label", "other order"],
)
def test_a_wordy_or_differently_shaped_answer_is_read(server, ask, text):
    server.faults["layup"] = [says(text)]
    result = ask()["q"]
    assert [s.steps for s in result.scripts] == [tuple(steps_of(n)) for n in LABELS]
    assert len(server.requests) == 1


def draft(body):
    """A whole answer that the model thought of and did not give."""
    items = good_scripts(body)["scripts"]
    return json.dumps(
        {"scripts": [{**i, "steps": [f"no: {s}" for s in i["steps"]]} for i in items]}
    )


REASONING = {
    "block": "<think>{draft}</think>{answer}",
    "no opening mark": "Perhaps {draft}? Better:\n</think>\n\n{answer}",
    "another name": "<thinking>\n{draft}\n</thinking>\n{answer}",
    "marks in the draft": "<think>so <think> {draft}</think> and {draft}</think>{answer}",
    "mistral": "[THINK]{draft}[/THINK]{answer}",
    "answer first": "{answer}\n<think>was {draft} better?",
    "harmony": "<|channel|>analysis<|message|>{draft}<|end|><|start|>assistant"
    "<|channel|>final <|constrain|>json<|message|>{answer}<|return|>",
    "harmony without marks": "analysisWe could say {draft}.assistantfinal{answer}",
}


@pytest.mark.parametrize("form", REASONING.values(), ids=REASONING)
def test_what_the_model_thought_aloud_is_not_its_answer(server, ask, form):
    def text(body):
        answer = json.dumps(good_scripts(body))
        return form.replace("{draft}", draft(body)).replace("{answer}", answer)

    server.faults["layup"] = [says(text)]
    result = ask()["q"]
    assert [s.steps for s in result.scripts] == [tuple(steps_of(n)) for n in LABELS]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "form",
    [
        "<think>{draft}",
        "[THINK]{draft}",
        "<|channel|>analysis<|message|>{draft}",
        "analysisI {draft}",
    ],
)
def test_an_answer_cut_off_while_thinking_holds_no_scripts(server, ask, form):
    cut = says(lambda body: form.replace("{draft}", draft(body)), finish="length")
    server.faults["layup"] = [cut, cut]
    assert "cut off before its end" in ask()["q"].error
    # the draft is not sent back either
    assert [m["content"] for m in server.requests[1]["messages"]][1] == "(no answer)"


def test_two_different_answers_are_no_answer(server, ask):
    server.faults["layup"] = [says(lambda b: f"{draft(b)} or rather {json.dumps(good_scripts(b))}")]
    result = ask()["q"]
    assert result.scripts[0].steps == tuple(steps_of("jump shot"))
    assert "several JSON objects that differ" in server.requests[1]["messages"][2]["content"]


def call(arguments):
    return {"function": {"name": "scripts", "arguments": arguments}, "id": "1", "type": "function"}


PLACES = {
    "parts": lambda text: {
        "content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": "let me see"}]},
            {"type": "text", "text": text[:50]},
            {"type": "text", "text": text[50:]},
        ]
    },
    "reasoning_content": lambda text: {"reasoning_content": f"Here it is: {text}"},
    "reasoning": lambda text: {"content": "", "reasoning": text},
    "tool call": lambda text: {"tool_calls": [call(text)], "reasoning_content": "{}"},
    "tool call as an object": lambda text: {"tool_calls": [call(json.loads(text))]},
    "function call": lambda text: {"function_call": {"name": "scripts", "arguments": text}},
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_the_answer_is_found_wherever_the_service_puts_it(server, ask, place):
    server.faults["layup"] = [message(place)]
    result = ask()["q"]
    assert result.error is None
    assert [s.steps for s in result.scripts] == [tuple(steps_of(n)) for n in LABELS]
    assert len(server.requests) == 1


def test_the_reasoning_of_an_answer_that_was_cut_off_is_no_answer(server, ask):
    cut = message(PLACES["reasoning_content"], finish="length")
    server.faults["layup"] = [cut, cut]
    assert "cut off before its end" in ask()["q"].error


def test_a_refusal_in_a_part_is_a_refusal(server, ask):
    no = message(lambda _: {"content": [{"type": "refusal", "refusal": "I won't."}]})
    server.faults["layup"] = [no, no]
    assert "refused (I won't.)" in ask()["q"].error


@pytest.mark.parametrize(
    "escape",
    ["\ud83d", "\\ud83d", "\\u0000"],
    ids=["in the reply", "in its JSON", "a control character"],
)
def test_half_a_character_in_an_answer_costs_neither_it_nor_the_others(
    server, ask, tmp_path, escape
):
    def text(body):
        return json.dumps(good_scripts(body)).replace("phase 1 of", f"phase 1 {escape}of")

    server.faults["layup"] = [says(text)]
    other = ScriptRequest("other", ("serve", "volley"), "tennis")
    bank = tmp_path / "bank.json"
    for _ in range(2):  # the answer is in the cache the second time
        results = ask(ScriptRequest("q", LABELS, "basketball"), other, bank=bank)
        assert results["q"].scripts[0].steps == tuple(steps_of("jump shot"))
        assert len(read_bank(bank)) == 2
        bank.unlink()
    assert len(server.requests) == 2


def test_half_a_character_elsewhere_in_a_reply_or_in_a_label_is_one_sentence(server, ask):
    server.faults["layup"] = [status(500, "oh \ud83d no", retry_after_ms="5")] * 3
    ask()["q"].error.encode()
    with pytest.raises(UsageError, match="'q' has an incomplete character"):
        ScriptRequest("q", ("jump \ud83d", "layup"))
    with pytest.raises(UsageError, match=r"'q' has the control character U\+0007 in 'jump"):
        ScriptRequest("q", ("jump \a", "layup"))


def without(key):
    def text(body):
        answer = good_scripts(body)
        key(answer["scripts"])
        return json.dumps(answer)

    return text


def empty_step(items):
    items[0]["steps"][3] = "  "


def same_steps(items):
    items[0]["steps"][4] = items[0]["steps"][3].upper() + "!"


def long_step(items):
    items[1]["steps"][2] = "arm " * 90


def twins(items):
    items[1]["steps"] = items[0]["steps"]


BAD = {
    "wrong keys": (lambda b: '{"actions": [{"name": "x", "phases": ["a"]}]}', "requested form"),
    "missing candidate": (without(lambda items: items.pop()), 'Candidate 2 ("layup") is missing'),
    "double candidate": (without(lambda i: i.append(i[0])), "is given twice"),
    "double label": (
        lambda b: '{"scripts": {"jump shot": ["a"], "layup": ["b"], "layup": ["c"]}}',
        "is given twice",
    ),
    "unknown candidate": (without(lambda i: i[0].update(candidate=9)), "numbered 1 to 2"),
    "string for a list": (without(lambda i: i[0].update(steps="jump")), "no list of strings"),
    "too few steps": (
        without(lambda i: i[1].update(steps=["a", "b"])),
        '"layup" has 2 steps; it needs 6 to 12',
    ),
    "empty step": (without(empty_step), 'Step 4 of "jump shot" is empty'),
    "same steps in a row": (without(same_steps), "Steps 4 and 5"),
    "step too long": (without(long_step), 'Step 3 of "layup" is too long'),
    "two alike": (without(twins), "the same script"),
    "truncated JSON": (lambda b: json.dumps(good_scripts(b))[:200], "no complete JSON"),
    "a string of JSON": (lambda b: json.dumps("scripts"), "no complete JSON"),
    "empty": (lambda b: "", "The answer is empty"),
    "refusal in prose": (lambda b: "I'm sorry, I can't help.", "It began: \"I'm sorry"),
}


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD)
def test_a_bad_answer_gets_one_repair_turn_that_says_what_was_wrong(server, ask, text, said):
    server.faults["layup"] = [says(text)]
    result = ask()["q"]
    assert result.scripts is not None
    assert (result.asked, result.record.turns, result.record.input_tokens) == (2, 2, 200)
    first, second = server.requests
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert [m["role"] for m in second["messages"]] == ["user", "assistant", "user"]
    assert said in second["messages"][2]["content"]


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD)
def test_what_still_fails_is_an_error_row_and_no_other_request_suffers(server, ask, text, said):
    server.faults["layup"] = [says(text), says(text)]
    other = ScriptRequest("other", ("serve", "volley"), "tennis")
    results = ask(ScriptRequest("q", LABELS, "basketball"), other)
    assert results["q"].scripts is None
    assert said in results["q"].error
    assert "jump shot, layup" in results["q"].error
    assert results["other"].scripts is not None
    assert len(server.requests) == 3


def test_an_answer_cut_by_the_length_limit_says_so(server, ask):
    text = BAD["truncated JSON"][0]
    server.faults["layup"] = [says(text, finish="length"), says(text, finish="length")]
    assert "cut off before its end" in ask()["q"].error


def test_a_refusal_is_reported_in_the_models_words(server, ask):
    server.faults["layup"] = [refuses("I won't."), refuses("Still no.")]
    result = ask()["q"]
    assert result.scripts is None
    assert "refused (Still no.)" in result.error


def test_429_waits_as_long_as_retry_after_says(server, ask):
    server.faults["layup"] = [status(429, "slow down", Retry_After="1")]
    start = time.monotonic()
    assert ask()["q"].scripts is not None
    assert time.monotonic() - start >= 1.0
    assert len(server.requests) == 2


LASTING = {
    "rate limit": (
        status(429, "quota used up", retry_after_ms="5"),
        ("rate limit or missing credit", "quota used up", "run the same command later"),
        ("asks to wait",),
    ),
    "status 500": (status(500, "overheated", retry_after_ms="5"), ("status 500: overheated",), ()),
    "cut line": (cuts(), ("connection to", "broke off"), ()),
    "another's key": (
        status(500, "upstream key sk-proj-ab12****9xyz", retry_after_ms="5"),
        ("upstream key [API key]",),
        ("9xyz",),
    ),
}


@pytest.mark.parametrize(("fault", "said", "unsaid"), LASTING.values(), ids=LASTING)
def test_a_fault_that_lasts_is_an_error_that_says_what_to_do(server, ask, fault, said, unsaid):
    server.faults["layup"] = [fault] * 3
    error = ask()["q"].error
    assert all(one in error for one in said)
    assert not any(one in error for one in unsaid)


def test_a_wait_too_long_for_the_sdk_is_reported(server, ask):
    server.faults["layup"] = [status(429, "come back later", Retry_After="3600")]
    error = ask(max_retries=0)["q"].error
    assert "asks you to wait 3600 s" in error


def test_500_twice_then_fine(server, ask):
    server.faults["layup"] = [status(500, retry_after_ms="5")] * 2
    result = ask()["q"]
    assert result.scripts is not None
    assert len(server.requests) == 3
    assert sum(server.paid.values()) == 1


def test_a_hang_ends_at_the_timeout_and_leaves_the_others_alone(server, ask):
    server.faults["layup"] = [hangs(20), hangs(20)]
    other = ScriptRequest("other", ("serve", "volley"), "tennis")
    start = time.monotonic()
    results = ask(
        ScriptRequest("q", LABELS, "basketball"), other, timeout_seconds=0.4, max_retries=1
    )
    assert time.monotonic() - start < 6
    assert "no answer within 0.4 s, 2 times" in results["q"].error
    assert results["q"].error.endswith("try again later.")  # no option: no command is at hand
    assert results["other"].scripts is not None


@pytest.mark.parametrize("part", ["head", "body"])
def test_an_answer_that_drips_is_left_after_a_while(part, server, ask, monkeypatch):
    monkeypatch.setattr(services, "SILENCES", 2)
    server.faults["layup"] = [drips(part)]
    error = ask(timeout_seconds=0.5)["q"].error
    said = f"{server.url} sent no complete answer within 1 s; try again later."
    assert error == said
    assert len(server.requests) == 1


def test_an_answer_without_end_is_left_and_not_asked_for_again(server, ask):
    server.faults["layup"] = [floods()]
    error = ask()["q"].error
    assert error == f"{server.url} answered with more than 32 MiB; check --base-url."
    assert len(server.requests) == 1


def test_an_answer_that_unpacks_to_more_than_was_sent_is_refused(server, ask):
    packed = gzip.compress(json.dumps({"choices": [" " * (40 << 20)]}).encode())
    server.faults["layup"] = [lambda body: Reply(200, packed, {"Content-Encoding": "gzip"})]
    error = ask()["q"].error
    assert "compressed its answer, although it was asked not to" in error
    assert server.headers[0]["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "answer",
    [b"<html>welcome</html>", b"[" * 200_000, b'{"choices": {"a": 1}}', b'{"choices": "no"}'],
)
def test_an_answer_of_another_form_is_one_sentence(answer, server, ask):
    server.faults["layup"] = [lambda body: Reply(200, answer)]
    assert "not a chat completion" in ask()["q"].error


def test_a_connection_cut_in_mid_body_is_tried_again(server, ask):
    server.faults["layup"] = [cuts(), cuts()]
    result = ask()["q"]
    assert result.scripts is not None
    assert sum(server.paid.values()) == 1


def test_no_server_at_all_is_one_sentence(ask):
    error = ask(base_url="http://127.0.0.1:9/v1", max_retries=0)["q"].error
    assert "http://127.0.0.1:9/v1" in error
    assert "--base-url" in error


@pytest.mark.parametrize(
    ("takes", "used"),
    [(("json_object", "text"), "json_object"), (("text",), "text")],
)
def test_a_service_without_strict_schemas_is_asked_more_plainly_and_once_only(
    takes, used, ask, server
):
    server.formats = takes
    requests = [ScriptRequest(f"q{n}", (f"a{n}", f"b{n}"), "golf") for n in range(5)]
    results = ask(*requests, concurrency=1)
    assert {r.record.answer_format for r in results.values()} == {used}
    refused = 2 if used == "text" else 1
    assert len(server.requests) == 5 + refused
    assert sum(server.paid.values()) == 5


def test_a_refused_parameter_is_left_out_once_and_for_all_and_the_record_says_so(server, ask):
    requests = [ScriptRequest(f"q{n}", (f"a{n}", f"b{n}"), "golf") for n in range(3)]
    for n in range(3):
        server.faults[f"a{n}"] = [needs_no("temperature")] * 2
    results = ask(*requests, concurrency=1)
    assert all(r.scripts for r in results.values())
    assert [r.get("temperature") for r in server.requests] == [0.2, None, None, None]
    assert {r["response_format"]["type"] for r in server.requests} == {"json_schema"}
    assert [r.record.parameters for r in results.values()] == [{}] * 3


def test_a_parameter_named_in_words_only_is_left_out_too(server, ask):
    server.faults["layup"] = [status(422, "`temperature` is deprecated for this model")]
    assert ask()["q"].scripts is not None
    assert "temperature" not in server.requests[1]


def test_no_temperature_is_sent_when_told(server, ask):
    result = ask(temperature=None)["q"]
    assert "temperature" not in server.requests[0]
    assert result.record.parameters == {}


def test_another_refusal_reaches_the_user_in_the_servers_words(server, ask):
    server.faults["layup"] = [status(400, "top_p must be 1", "top_p")] * 3
    assert "top_p must be 1" in ask()["q"].error
    assert [r["temperature"] for r in server.requests] == [0.2] * 3


def test_a_refused_key_is_met_once_and_is_the_error_of_every_request(server, ask):
    def unauthorized(body):
        return status(401, f"Incorrect API key provided: {KEY[:9]}***{KEY[-4:]}")(body)

    requests = [ScriptRequest(f"q{n}", (f"a{n}", f"b{n}"), "golf") for n in range(6)]
    for n in range(6):
        server.faults[f"a{n}"] = [unauthorized] * 9
    results = ask(*requests, concurrency=1)
    assert {r.error for r in results.values()} == {
        f"{server.url} refused the API key; check OPENAI_API_KEY."
    }
    assert len(server.requests) == 1


def test_concurrency_bounds_the_requests_in_flight(server, ask):
    requests = [ScriptRequest(f"q{n}", (f"a{n}", f"b{n}"), "golf") for n in range(9)]
    for n in range(9):
        server.faults[f"a{n}"] = [good(delay=0.05)]
    results = ask(*requests, concurrency=3)
    assert all(r.scripts for r in results.values())
    assert server.most_in_flight == 3


def test_the_key_is_nowhere_even_when_the_server_echoes_it(server, ask, tmp_path, caplog):
    caplog.set_level("DEBUG")
    echoed = f"bad request for Bearer {KEY}"
    server.faults["layup"] = [status(500, echoed, retry_after_ms="5")] * 3
    server.faults["serve"] = [status(400, echoed)] * 3
    server.faults["putt"] = [says(f"your key is {KEY}")] * 2
    server.faults["jab"] = [refuses(f"not with {KEY}")] * 2
    results = ask(
        ScriptRequest("q", LABELS, "basketball"),
        ScriptRequest("t", ("serve", "volley"), "tennis"),
        ScriptRequest("g", ("putt", "chip"), "golf"),
        ScriptRequest("b", ("jab", "cross"), "boxing"),
    )
    assert all(result.error for result in results.values())
    assert "[API key]" in results["q"].error
    assert KEY not in repr(results)
    assert KEY not in caplog.text
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    assert KEY not in repr(LLMConfig()) + LLMConfig().model_dump_json()


def test_a_traceback_does_not_hold_what_the_server_echoes(server):
    service = LLMService(LLMConfig(base_url=server.url), SCHEMA, SecretStr(KEY))
    server.faults["layup"] = [status(400, f"no: {KEY}")] * 3
    text = "JSON please:\n1. layup"
    request = ChatRequest(service.model_id, (Message("user", text),))
    with pytest.raises(LLMError) as caught:
        service.complete(request)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_the_key_comes_from_the_environment_or_a_file(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert read_api_key() is None
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    assert read_api_key().get_secret_value() == KEY
    file = tmp_path / "key"
    file.write_text("sk-from-file\n")
    assert read_api_key(file).get_secret_value() == "sk-from-file"
    assert KEY not in repr(read_api_key())


@pytest.mark.parametrize("content", ["", "two words", None])
def test_a_wrong_key_file_is_named_without_its_content(tmp_path, content):
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UsageError, match=str(file)) as caught:
        read_api_key(file)
    assert not content or content not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"model": ""}, "name is empty"),
        ({"model": " "}, "name is empty"),
        ({"temperature": 5}, "temperature is wrong"),
        ({"modle": "x"}, "modle is wrong"),
    ],
)
def test_a_wrong_field_of_the_configuration_is_named(fields, said):
    with pytest.raises(UsageError, match=said):
        LLMConfig(**fields)


def test_openai_without_a_key_says_where_to_put_one(monkeypatch, tmp_path):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(UsageError, match="no API key in OPENAI_API_KEY"):
        generate_scripts([ScriptRequest("q", LABELS)], config=LLMConfig(), cache=tmp_path)


@pytest.mark.parametrize("url", ["http://me:secret@host/v1", "https://host/v1?key=secret", "host"])
def test_a_base_url_with_credentials_is_refused_without_repeating_them(url, monkeypatch):
    with pytest.raises(UsageError) as caught:
        LLMConfig(base_url=url)
    assert "secret" not in str(caught.value)
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(UsageError):
        LLMConfig().service_url()
