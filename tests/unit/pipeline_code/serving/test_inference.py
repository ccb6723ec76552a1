import ast
import json
import logging
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline_code.reviews.encoder import load_tokenizer
from pipeline_code.reviews.tokenization import backend_for
from pipeline_code.reviews.training.decision import Decision
from pipeline_code.reviews.truncation import TRUNCATIONS, truncation_for
from pipeline_code.serving import inference
from pipeline_code.serving.inference import Classifier, Problem, input_fn, model_fn, output_fn, predict_fn
from tests.unit.pipeline_code.workspace import FILLER, Workspace

KIND = "application/jsonlines"


@pytest.fixture(scope="module")
def model(trained: Workspace) -> Classifier:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "_computes_bf16", lambda: False)
        patch.setenv("BERTLINE_MODEL_VERSION", "7")
        return model_fn(str(trained.root / "trained"))


def line(text: Any) -> str:
    return json.dumps({"features": [text]})


def ask(model: Classifier, *lines: str) -> list[dict[str, Any]]:
    answer = output_fn(predict_fn(input_fn("\n".join(lines).encode(), KIND), model), KIND)
    return [json.loads(item) for item in answer.split("\n")] if answer else []


def test_an_answer_has_the_shape_of_the_contract(model: Classifier) -> None:
    (answer,) = ask(model, line("great phone love it excellent"))
    assert list(answer) == ["probability", "predicted_label", "label", "probabilities", "model_version"]
    assert (answer["predicted_label"], answer["label"], answer["model_version"]) == (1, "positive", "7")
    assert answer["probability"] == max(answer["probabilities"].values())
    assert list(answer["probabilities"]) == ["negative", "neutral", "positive"]
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_answers_keep_the_order_of_lines_and_do_not_depend_on_company(model: Classifier) -> None:
    texts = [f"{'phone ' * (n * 7 % 11)}{word}" for n, word in enumerate(["great", "bad", "box"] * 50)]
    together = ask(model, *map(line, texts))
    for position in (0, 1, 2, 77, 149):
        (alone,) = ask(model, line(texts[position]))
        assert together[position]["label"] == alone["label"]
        assert together[position]["probabilities"] == pytest.approx(alone["probabilities"], abs=1e-5)


def test_a_bad_line_gets_its_error_and_the_others_their_answer(model: Classifier) -> None:
    lines = [
        "{",
        '{"text": "x"}',
        line("  "),
        line(7),
        "",
        line("great"),
        "[1]",
        '{"features": []}',
        line(None),
    ]
    answers = ask(model, *lines)
    codes = [answer.get("error", {}).get("code") for answer in answers]
    assert codes == [
        "invalid_json",
        "missing_features",
        "empty_text",
        "not_a_string",
        "invalid_json",
        None,
        "missing_features",
        "missing_features",
        "not_a_string",
    ]
    assert [answer["error"]["line"] for answer in answers if "error" in answer] == [1, 2, 3, 4, 5, 7, 8, 9]
    assert set(answers[0]["error"]) == {"code", "message", "line"}


def test_a_lone_surrogate_is_answered_not_thrown(model: Classifier) -> None:
    (answer,) = ask(model, '{"features": ["\\ud800"]}')
    assert answer["error"]["code"] == "invalid_text"


@pytest.mark.parametrize("body", [b"", b"\n", b"  \r\n", "", bytearray()])
def test_an_empty_body_is_an_empty_answer(model: Classifier, body: Any) -> None:
    assert output_fn(predict_fn(input_fn(body, KIND), model), KIND) == ""


def test_bodies_may_be_text_or_bytes_with_bom_and_windows_lines() -> None:
    expected = ["caf\u00e9", "b"]
    body = "".join(f"{line(text)}\r\n" for text in expected)
    assert input_fn(body, KIND) == expected
    assert input_fn(body.encode("utf-8-sig"), f"{KIND}; charset=utf-8") == expected
    assert input_fn(bytearray(body.encode()), KIND) == expected


def test_one_object_may_come_as_json_on_several_lines() -> None:
    assert input_fn('{\n"features":\n["a"]}', "application/json") == ["a"]


def test_limits_are_answered_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTLINE_MAX_LINES", "2")
    monkeypatch.setenv("BERTLINE_MAX_CHARACTERS", "3")
    found = input_fn("\n".join([line("abc"), line("abcd"), line("a")]), KIND)
    assert found[0] == "abc"
    assert [(item.code, item.line) for item in found if isinstance(item, Problem)] == [
        ("text_too_long", 2),
        ("too_many_lines", 3),
    ]


@pytest.mark.parametrize(
    ("call", "status", "said"),
    [
        (lambda: input_fn(b"x", "text/csv"), 415, "text/csv"),
        (lambda: input_fn(b"\xff\xfe", KIND), 400, "not UTF-8"),
        (lambda: output_fn([], "text/csv"), 406, "text/csv"),
    ],
)
def test_a_wrong_request_is_the_clients_error(call: Any, status: int, said: str, monkeypatch: Any) -> None:
    from sagemaker_inference.errors import GenericInferenceToolkitError

    with pytest.raises(GenericInferenceToolkitError, match=said) as caught:
        call()
    assert caught.value.status_code == status
    monkeypatch.setitem(sys.modules, "sagemaker_inference.errors", None)
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize(
    "accept", ["", "*/*", KIND, "application/json", "text/html, application/jsonlines;q=0.9"]
)
def test_every_json_accept_gets_json_lines(accept: str) -> None:
    assert output_fn([{"a": 1}, {"a": 2}], accept) == '{"a": 1}\n{"a": 2}'


def test_long_texts_are_cut_as_in_training(model: Classifier) -> None:
    (ids,) = model.token_ids(["great " * 100])
    assert len(ids) == model.max_seq_length == 12
    assert ids[-1] == model.tokenizer.sep_token_id


@pytest.mark.parametrize("kind", TRUNCATIONS)
@pytest.mark.parametrize("length", [8, 12, 31])
def test_ids_are_those_of_prepare_under_both_truncations(
    model: Classifier, trained: Workspace, kind: str, length: int
) -> None:
    generator = random.Random(0)  # noqa: S311 - test data
    texts = [" ".join(generator.choices(FILLER, k=count)) for count in range(1, 60)]
    tokenizer = load_tokenizer(trained.encoder)
    features = truncation_for(tokenizer, kind, length).cut(backend_for(tokenizer).encode(texts))
    kept = inference._kept(model.tokenizer, length, kind)
    assert model._replace(max_seq_length=length, kept=kept).token_ids(texts) == features.lists()


def test_a_bundle_says_how_its_texts_are_cut_and_an_old_one_keeps_the_head(
    trained: Workspace, tmp_path: Path
) -> None:
    shutil.copytree(trained.root / "trained", tmp_path / "model")
    path = tmp_path / "model" / "bertline.json"
    facts = json.loads(path.read_text())
    path.write_text(json.dumps(facts | {"truncation": "HeadTail"}))
    assert model_fn(str(tmp_path / "model")).kept == (4, 8)
    path.write_text(json.dumps({key: value for key, value in facts.items() if key != "truncation"}))
    assert model_fn(str(tmp_path / "model")).kept == (11, 1)


def with_decision(trained: Workspace, into: Path, decision: Any) -> Classifier:
    """The trained model, loaded with another decision in its bertline.json; ... stands for none."""
    shutil.copytree(trained.root / "trained", into)
    facts = json.loads((into / "bertline.json").read_text()) | {"decision": decision}
    if decision is ...:
        del facts["decision"]
    (into / "bertline.json").write_text(json.dumps(facts))
    return model_fn(str(into))


TEXTS = ["great phone", "bad awful cable", "box came today", "good and bad", "the screen", "hate love blue"]


def test_the_answer_is_the_decision_that_training_fitted(
    trained: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference, "_computes_bf16", lambda: False)
    plain = ask(with_decision(trained, tmp_path / "plain", ...), *map(line, TEXTS))
    facts = {"temperature": 2.5, "bias": [0.4, 0.1, -0.5], "offsets": [-3.0, 4.0, 0.5]}
    decided = ask(with_decision(trained, tmp_path / "decided", facts), *map(line, TEXTS))
    rule = Decision(2.5, np.array(facts["bias"]), np.array(facts["offsets"]))
    logits = np.log([list(answer["probabilities"].values()) for answer in plain])
    expected, chosen = np.exp(rule.log_probabilities(logits)), rule.choose(logits)
    names = list(plain[0]["probabilities"])
    for answer, probabilities, best in zip(decided, expected, chosen.tolist(), strict=True):
        assert list(answer["probabilities"].values()) == pytest.approx(probabilities.tolist(), abs=1e-5)
        assert answer["label"] == names[best]
        assert answer["predicted_label"] == best - 1
        assert answer["probability"] == answer["probabilities"][names[best]]
    assert any(answer["probability"] < max(answer["probabilities"].values()) for answer in decided)


def test_an_archive_from_before_decisions_answers_the_plain_softmax(
    trained: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference, "_computes_bf16", lambda: False)
    none = {"temperature": 1.0, "bias": [0.0] * 3, "offsets": [0.0] * 3}
    old, new = (with_decision(trained, tmp_path / name, facts) for name, facts in (("a", ...), ("b", none)))
    assert ask(old, *map(line, TEXTS)) == ask(new, *map(line, TEXTS))
    ids = torch.tensor(old.token_ids(TEXTS[:1]))
    logits = old.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    (answer,) = ask(old, line(TEXTS[0]))
    assert list(answer["probabilities"].values()) == pytest.approx(
        torch.softmax(logits, dim=-1)[0].tolist(), abs=1e-6
    )


@pytest.mark.parametrize(
    "change",
    [{"bias": [0.0]}, {"offsets": [0.0] * 4}, {"temperature": 0.0}, {"bias": [0.0, float("nan"), 0.0]}],
)
def test_a_decision_that_does_not_fit_the_classes_is_refused(
    trained: Workspace, tmp_path: Path, change: dict[str, Any]
) -> None:
    facts = {"temperature": 1.0, "bias": [0.0] * 3, "offsets": [0.0] * 3} | change
    with pytest.raises(ValueError, match="does not fit 3 classes: train again"):
        with_decision(trained, tmp_path / "m", facts)


def test_a_probability_of_zero_is_never_chosen() -> None:
    assert inference._choice([0.0, 1.0, 0.0], (50.0, 0.0, 0.0)) == 1


def test_batches_are_bounded_and_lose_nothing() -> None:
    ids = [[0] * length for length in [4000, 5, 5000, 9000] + [3] * 200]
    batches = list(inference._batches(ids))
    assert sorted(position for batch in batches for position in batch) == list(range(len(ids)))
    for batch in batches:
        assert len(batch) <= 64
        assert len(batch) == 1 or len(batch) * max(len(ids[position]) for position in batch) <= 8192


def test_bfloat16_is_used_where_the_hardware_has_it(
    trained: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference, "_computes_bf16", lambda: True)
    model = model_fn(str(trained.root / "trained"))
    assert model.model.dtype == torch.bfloat16
    assert not model.model.training
    assert ask(model, line("great excellent love"))[0]["label"] == "positive"


def test_texts_are_not_logged(model: Classifier, caplog: Any, capfd: Any) -> None:
    with caplog.at_level(logging.DEBUG):
        ask(model, line("secretword great"), '{"features": "secretword"', line("secretword" * 20_000))
    captured = capfd.readouterr()
    assert "secretword" not in caplog.text + captured.out + captured.err


def test_the_file_stands_alone() -> None:
    tree = ast.parse(Path(inference.__file__).read_text())
    roots = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert roots - sys.stdlib_module_names == {"torch", "transformers", "sagemaker_inference"}
