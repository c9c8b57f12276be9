"""What fifty people and a few scripts do with the service, for Locust; `tests/load.py` runs it."""

from __future__ import annotations

import os
import random
from pathlib import Path

from locust import HttpUser, between, events, task

from tests.load_client import give_up_idle
from tests.load_failures import Recorder

PICTURES = [path.read_bytes() for path in sorted(Path(os.environ["PICTURES"]).glob("*.png"))]
OWN = [path.read_bytes() for path in sorted(Path(os.environ["OWN_FONTS"]).glob("*.ttf"))]
BEARER = {"Authorization": f"Bearer {os.environ['FONTKIN_API_TOKEN']}"}
RECORDER = Recorder(Path(os.environ["FAILURES"]))
events.request.add_listener(RECORDER.request)
events.user_error.add_listener(RECORDER.user_error)


class _Client(HttpUser):
    abstract = True

    def on_start(self) -> None:
        """Before its first call."""
        give_up_idle(self.client)


class Person(_Client):
    """Searches, looks at families, and thinks in between."""

    wait_time = between(5, 15)
    weight = 47

    @task(6)
    def search(self) -> None:
        self._post("/v1/search?k=5", random.choice(PICTURES))

    @task(3)
    def browse(self) -> None:
        self._get("/v1/families?q=lo&limit=20", "/v1/families")

    @task(2)
    def similar(self) -> None:
        self._get("/v1/families/lora/similar?k=5", "/v1/families/ID/similar")

    @task(1)
    def preview(self) -> None:
        self._get("/v1/faces/lora-400-normal/preview.png", "/v1/faces/ID/preview.png")

    def _post(self, url: str, body: bytes) -> None:
        with self.client.post(url, data=body, name="/v1/search", catch_response=True) as answer:
            _judge(answer)

    def _get(self, url: str, name: str) -> None:
        with self.client.get(url, name=name, catch_response=True) as answer:
            _judge(answer)


class Foundry(_Client):
    """Adds a font and takes it away again."""

    wait_time = between(5, 15)
    weight = 3

    @task
    def add_and_remove(self) -> None:
        font = random.choice(OWN)
        files = {"file": ("font.ttf", font)}
        with self.client.post(
            "/v1/fonts", files=files, headers=BEARER, name="POST /v1/fonts", catch_response=True
        ) as answer:
            if answer.status_code == 201:
                family = answer.json()["added"][0]["family"]["id"]
            elif answer.status_code == 409:  # another foundry has just added it
                answer.success()
                return
            else:
                _judge(answer)
                return
        with self.client.delete(
            f"/v1/families/{family}",
            headers=BEARER,
            name="DELETE /v1/families/ID",
            catch_response=True,
        ) as answer:
            if answer.status_code == 404:
                answer.success()
            else:
                _judge(answer)


def _judge(answer: object) -> None:
    """An honest refusal (429 or 503 with Retry-After) is no failure."""
    if answer.status_code in (429, 503) and "Retry-After" in answer.headers:
        answer.success()
