"""examples/serve.py over real HTTP: many clients at once, bad requests among good ones, and an orderly end."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
import uvicorn
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

import sk2torch
from tests import flights
from tests.cases import data

EXAMPLES = Path(__file__).parent.parent / "examples"
URL = "/v2/models/flights"


@pytest.fixture(scope="module")
def serve():
    sys.path.insert(0, str(EXAMPLES))
    try:
        import serve
    finally:
        sys.path.remove(str(EXAMPLES))
    return serve


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    path = tmp_path_factory.mktemp("serve") / "flights.pt"
    return sk2torch.export(sk2torch.wrap(flights.fitted()[0]), path)


@contextlib.contextmanager
def server(app):
    """The app behind uvicorn in a thread; its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    process = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on"))
    thread = threading.Thread(target=process.run, args=([listener],))
    thread.start()
    try:
        while not process.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        process.should_exit = True
        thread.join(timeout=60)
        listener.close()
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def service(serve, artifact):
    return serve.Service(artifact, "flights", max_rows=64, max_delay=0.02, max_bytes=200_000)


@pytest.fixture(scope="module")
def address(serve, service):
    with server(serve.create_app(service)) as url:
        yield url


@pytest.fixture
def client(address):
    with httpx.Client(base_url=address, timeout=60) as http:
        yield http


def inputs(frame) -> list[dict]:
    """One tensor per column; None where a value is missing."""
    tensors = []
    for name in frame:
        column = frame[name].astype(object).where(frame[name].notna(), None)
        datatype = "FP64" if frame[name].dtype.kind in "if" else "BYTES"
        tensors.append({"name": name, "shape": [len(frame)], "datatype": datatype, "data": column.tolist()})
    return tensors


def body(frame, **others) -> dict:
    return {"inputs": inputs(frame), **others}


def outputs(answer) -> dict[str, np.ndarray]:
    assert answer.status_code == 200, answer.text
    return {o["name"]: np.array(o["data"]).reshape(o["shape"]) for o in answer.json()["outputs"]}


def assert_right(answer, frame) -> None:
    results, pipeline = outputs(answer), flights.fitted()[0]
    np.testing.assert_array_equal(results["predict"], pipeline.predict(frame))
    np.testing.assert_allclose(results["predict_proba"], pipeline.predict_proba(frame), rtol=0, atol=1e-12)


def test_health_and_metadata(client):
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2").json()["name"] == "sk2torch"
    assert client.get(f"{URL}/ready").json() == {"name": "flights", "ready": True}
    about = client.get(URL).json()
    assert [(i["name"], i["datatype"]) for i in about["inputs"]][:5] == [
        ("carrier", "BYTES"),
        ("origin", "BYTES"),
        ("dest", "BYTES"),
        ("manufacturer", "BYTES"),
        ("month", "FP64"),
    ]
    assert about["outputs"] == [
        {"name": "predict", "datatype": "BOOL", "shape": [-1]},
        {"name": "predict_proba", "datatype": "FP64", "shape": [-1, 2]},
    ]


def test_one_request(client):
    _, X = flights.fitted()
    answer = client.post(f"{URL}/infer", json=body(X[:5], id="a1"))
    assert_right(answer, X[:5])
    assert (answer.json()["id"], answer.json()["model_name"]) == ("a1", "flights")
    asked = client.post(f"{URL}/infer", json=body(X[:5], outputs=[{"name": "predict_proba"}]))
    assert list(outputs(asked)) == ["predict_proba"]
    assert outputs(client.post(f"{URL}/infer", json=body(X[:0])))["predict_proba"].shape == (0, 2)


def test_a_request_larger_than_a_batch(client):
    _, X = flights.fitted()
    assert_right(client.post(f"{URL}/infer", json=body(X[:200])), X[:200])


def test_concurrent_requests_share_batches_and_bad_ones_disturb_nobody(address, service):
    _, X = flights.fitted()
    bad = body(X[:1])
    bad["inputs"][0]["data"] = [3.5]
    before = service.batcher.requests, service.batcher.batches

    async def send() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=address, timeout=120) as http:
            posts = []
            for k in range(90):
                posts.append(http.post(f"{URL}/infer", json=body(X[k : k + 1 + k % 4])))
                if k % 3 == 0:
                    posts.append(http.post(f"{URL}/infer", json=bad))
            return await asyncio.gather(*posts)

    answers = asyncio.run(send())
    assert [a.status_code for a in answers].count(400) == 30
    for k, answer in enumerate(a for a in answers if a.status_code != 400):
        assert_right(answer, X[k : k + 1 + k % 4])
    requests, batches = service.batcher.requests - before[0], service.batcher.batches - before[1]
    assert requests == 90
    assert batches < requests / 2
    assert service.batcher.largest > 2


def changed(**changes) -> dict:
    request = body(flights.fitted()[1][:2])
    request["inputs"][4].update(changes)
    return request


BAD = {
    "no JSON": (b"{", 400, "JSON"),
    "no inputs": ({}, 400, "inputs"),
    "empty": ({"inputs": []}, 400, "inputs"),
    "missing column": ({"inputs": changed()["inputs"][1:]}, 400, "one per column: carrier"),
    "same name": ({"inputs": [*changed()["inputs"], changed()["inputs"][0]]}, 400, "same name"),
    "text for a number": (changed(data=["May", "June"]), 400, "'May' is no value of type FP64"),
    "unknown type": (changed(datatype="FP8"), 400, "inputs.4.datatype"),
    "too little data": (changed(data=[1.0]), 400, "1 values do not fill the shape [2]"),
    "negative shape": (changed(shape=[-2]), 400, "inputs.4.shape.0"),
    "huge shape": (changed(shape=[2**62]), 400, "do not fill"),
    "other shape": (changed(shape=[1], data=[1.0]), 400, "the same for all"),
    "out of range": (changed(datatype="INT8", data=[300, 1]), 400, "300"),
    "nested": (changed(data=[[[1.0]], 2.0]), 400, "no value of type"),
    "narrow": ({"inputs": [{"name": "X", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}]}, 400, "11 features"),
    "no such output": ({**changed(), "outputs": [{"name": "transform"}]}, 400, "there is no output 'transform'"),
    "too large": (b" " * 200_001, 413, "larger than 200000 bytes"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_requests(client, kind):
    content, status, message = BAD[kind]
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    answer = client.post(f"{URL}/infer", content=text)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["error"]
    _, X = flights.fitted()
    assert_right(client.post(f"{URL}/infer", json=body(X[:1])), X[:1])


def test_large_requests_of_unknown_length(client):
    answer = client.post(f"{URL}/infer", content=(b" " * 50_000 for _ in range(10)))
    assert answer.status_code == 413


def test_unknown_models(client):
    assert client.get("/v2/models/other").status_code == 404
    assert client.post("/v2/models/other/infer", json={}).status_code == 404
    # Addresses that there are not, too, have the protocol's kind of body.
    for answer in (client.get("/v3"), client.get(f"{URL}/infer"), client.get("/v2/models/other")):
        assert answer.status_code in (404, 405)
        assert list(answer.json()) == ["error"]


def test_missing_and_infinite_values_are_null(serve, tmp_path):
    """In requests, where NaN is taken, too, and in answers: JSON has neither."""
    X = np.array([[1.0, 4.0], [2.0, 5.0]])
    path = sk2torch.export(sk2torch.wrap(FunctionTransformer(np.log).fit(X)), tmp_path / "flights.pt")
    tensor = {"name": "X", "shape": [2, 2], "datatype": "FP64"}
    with server(serve.create_app(serve.Service(path, "flights"))) as url:
        for missing in (b"null", b"NaN"):
            content = json.dumps({"inputs": [{**tensor, "data": [1.0, 0.0, "?", 4.0]}]}).encode()
            answer = httpx.post(f"{url}{URL}/infer", content=content.replace(b'"?"', missing), timeout=60)
            assert answer.status_code == 200, answer.text
            assert answer.json()["outputs"][0]["data"] == [0.0, None, None, float(np.log(4.0))]
            assert b"NaN" not in answer.content


def test_a_full_queue_refuses_and_an_ending_server_answers(serve, artifact, monkeypatch):
    _, X = flights.fitted()
    service = serve.Service(artifact, "flights", max_rows=1, max_delay=0, max_waiting=2)
    run, begun, proceed = service.batcher.run, threading.Event(), threading.Event()

    def slow(rows: torch.Tensor) -> dict[str, np.ndarray]:
        begun.set()
        assert proceed.wait(60)
        return run(rows)

    monkeypatch.setattr(service.batcher, "run", slow)
    answers: list[httpx.Response] = []
    with server(serve.create_app(service)) as url:

        def post() -> None:
            answers.append(httpx.post(f"{url}{URL}/infer", json=body(X[:1]), timeout=60))

        threads = [threading.Thread(target=post) for _ in range(5)]
        threads[0].start()
        assert begun.wait(60)
        for thread in threads[1:]:
            thread.start()
        # One is being answered, two wait, two are refused.
        deadline = time.monotonic() + 60
        while len(answers) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [a.status_code for a in answers] == [503, 503]
        threading.Timer(0.2, proceed.set).start()
    for thread in threads:
        thread.join()
    assert sorted(a.status_code for a in answers) == [200, 200, 200, 503, 503]
    for answer in answers[2:]:
        assert_right(answer, X[:1])


def test_one_failing_request_of_a_batch(serve, artifact, monkeypatch):
    service = serve.Service(artifact, "flights", max_rows=64, max_delay=0.2)
    run = service.batcher.run

    def picky(rows: torch.Tensor) -> dict[str, np.ndarray]:
        if (rows[:, -1] == 666).any():
            raise ValueError("no such plane")
        return run(rows)

    monkeypatch.setattr(service.batcher, "run", picky)
    _, X = flights.fitted()
    X = X[:3].assign(seats=[100.0, 666.0, 100.0])

    async def send(url: str) -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            return await asyncio.gather(*(http.post(f"{URL}/infer", json=body(X[k : k + 1])) for k in range(3)))

    with server(serve.create_app(service)) as url:
        answers = asyncio.run(send(url))
    assert [a.status_code for a in answers] == [200, 400, 200]
    assert answers[1].json() == {"error": "no such plane"}
    for k in (0, 2):
        assert_right(answers[k], X[k : k + 1])
    assert service.batcher.largest > 1


@pytest.mark.parametrize("suffix", [".pt2", ".onnx", ".safetensors"])
def test_other_artifacts_and_tables_of_numbers(serve, tmp_path, suffix):
    X, y = data.words()
    estimator = LogisticRegression().fit(X, y)
    path = sk2torch.export(sk2torch.wrap(estimator), tmp_path / f"flights{suffix}")
    tensor = {"name": "X", "shape": list(X.shape), "datatype": "FP64", "data": X.tolist()}
    with server(serve.create_app(serve.Service(path, "flights"))) as url:
        about = httpx.get(f"{url}{URL}", timeout=60).json()
        results = [
            outputs(httpx.post(f"{url}{URL}/infer", json={"inputs": [{**tensor, "data": cells}]}, timeout=60))
            for cells in (X.tolist(), X.ravel().tolist())
        ]
    assert about["inputs"] == [{"name": "X", "datatype": "FP64", "shape": [-1, X.shape[1]]}]
    assert about["outputs"][0] == {"name": "predict", "datatype": "BYTES", "shape": [-1]}
    for result in results:
        np.testing.assert_array_equal(result["predict"], estimator.predict(X))
        np.testing.assert_allclose(result["predict_proba"], estimator.predict_proba(X), rtol=0, atol=1e-12)


def test_methods_that_cannot_be_served(serve, artifact):
    with pytest.raises(SystemExit, match=r"cannot serve \['transform'\]"):
        serve.Service(artifact, "flights", ["transform"])


def test_command_line_stops_when_told(artifact):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(EXAMPLES / "serve.py"), str(artifact), "--port", str(port), "--methods", "predict"]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/v2/health/ready").status_code == 200:
                    break
            time.sleep(0.1)
        pipeline, X = flights.fitted()
        answer = httpx.post(f"http://127.0.0.1:{port}{URL}/infer", json=body(X[:3]), timeout=60)
        np.testing.assert_array_equal(outputs(answer)["predict"], pipeline.predict(X[:3]))
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert "Application shutdown complete" in errors
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
