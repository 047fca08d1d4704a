"""AirLLM in a process of its own, for it blocks, prints, and runs code that lies beside the model.

It is started as a file by whatever Python has AirLLM, so it imports nothing of this application. Its orders
are the first JSON line of stdin; each request and each cancellation is another. It answers in JSON lines.
It ends when stdin does, and by itself when nobody has asked for a while: then its memory is free again.
"""

from __future__ import annotations

import gc
import json
import os
import queue
import signal
import sys
import threading
import time
from typing import Any

PIECE_CHARACTERS = 4096  # one line must not fill the pipe
PROGRESS_SECONDS = 0.5
_PR_SET_PDEATHSIG = 1
# For base models, which have no template: the plainest form that they continue well.
_PLAIN = {"system": "", "assistant": "Answer: "}
_PLAIN_STOPS = ("\nQuestion:", "\nAnswer:")


class Cancelled(Exception):  # noqa: N818 - no error: somebody asked for it
    """The request is not wanted any more."""


class TooLong(Exception):  # noqa: N818
    """The messages fill the context."""


def main() -> int:
    """Serves until nobody has asked for a while; 1 when the model can't be loaded."""
    _die_with_parent()
    _forget_own_folder()
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    voice, inbox = Voice(), Inbox()
    voice.say(state="started")
    orders = inbox.first()
    try:
        model = load(orders)
    except Exception as error:  # noqa: BLE001 - the last resort of this process: it is told and ends
        voice.say(error=_words(error))
        return 1
    voice.say(state="ready")
    while (request := inbox.next(orders["idle_seconds"])) is not None:
        _serve(model, request, inbox, voice)
    voice.say(state="idle")  # a request may be on its way: then it is known that nobody has taken it
    return 0


def _serve(model: Any, request: dict[str, Any], inbox: Inbox, voice: Voice) -> None:
    job = Job(request, inbox, voice)
    try:
        finished = model.answer(job)
    except Cancelled:
        finished = {"finished": "cancelled"}
    except TooLong as error:
        finished = {"error": str(error), "kind": "too_long"}
    except Exception as error:  # noqa: BLE001
        finished = {"error": _words(error), "kind": "failed"}
    voice.say(id=request["id"], **finished)


class Voice:
    """Stdout, kept for answers; what the libraries print goes to stderr."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def say(self, **message: Any) -> None:
        """One line."""
        self._file.write(json.dumps(message) + "\n")
        self._file.flush()


class Inbox:
    """Stdin, read by a thread: a cancellation is noticed while the model works, and so is the end."""

    def __init__(self) -> None:
        self._requests: queue.Queue[dict[str, Any]] = queue.Queue()
        self._cancelled: set[int] = set()
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    def first(self) -> dict[str, Any]:
        """The first line, however long it takes."""
        return self._requests.get()

    def next(self, seconds: float) -> dict[str, Any] | None:
        """The next request; None when none comes within `seconds`."""
        try:
            return self._requests.get(timeout=seconds)
        except queue.Empty:
            return None

    def is_cancelled(self, number: int) -> bool:
        """Whether request `number` is not wanted any more."""
        return number in self._cancelled

    def _read(self) -> None:
        for line in sys.stdin:
            message = json.loads(line)
            if "cancel" in message:
                self._cancelled.add(message["cancel"])
            else:
                self._requests.put(message)
        os._exit(0)


class Job:
    """One request on its way: what is said goes out at once, up to the first stop text."""

    def __init__(self, request: dict[str, Any], inbox: Inbox, voice: Voice) -> None:
        self.request = request
        self.stops: list[str] = list(request["stop"])
        self._inbox = inbox
        self._voice = voice
        self.is_over = False
        self._held = ""
        self._has_spoken = False
        self._told_at = 0.0

    def check(self) -> None:
        """Raises Cancelled when the request is not wanted any more."""
        if self._inbox.is_cancelled(self.request["id"]):
            raise Cancelled

    def progress(self, layer: int, layers: int) -> None:
        """Tells how far the first word is; called for each layer, told now and then."""
        self.check()
        if not self._has_spoken and time.monotonic() - self._told_at > PROGRESS_SECONDS:
            self._told_at = time.monotonic()
            self._voice.say(id=self.request["id"], layer=layer, layers=layers)

    def text(self, text: str) -> None:
        """Says it, but for what may be the beginning of a stop text; `is_over` once a stop text is there."""
        if self.is_over:
            return
        self._held += text
        found = [place for stop in self.stops if (place := self._held.find(stop)) >= 0]
        if found:
            self._held = self._held[: min(found)]
            self.is_over = True
            self.flush()
            return
        self._say(len(self._held) - self._open_end())

    def flush(self) -> None:
        """Says what was held back."""
        self._say(len(self._held))

    def _open_end(self) -> int:
        longest = max((len(stop) for stop in self.stops), default=1) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self.stops):
                return length
        return 0

    def _say(self, length: int) -> None:
        said, self._held = self._held[:length], self._held[length:]
        for start in range(0, len(said), PIECE_CHARACTERS):
            self._has_spoken = True
            self._voice.say(id=self.request["id"], text=said[start : start + PIECE_CHARACTERS])


def load(orders: dict[str, Any]) -> TorchModel | MlxModel:
    """The model, its layers split first where they are not; raises whatever the libraries do."""
    from airllm import AutoModel

    _freeze()
    options: dict[str, Any] = {"layer_shards_saving_path": orders["layers"]}
    if sys.platform == "darwin":
        return MlxModel(AutoModel.from_pretrained(orders["model"], **options), orders["context_tokens"])
    import torch

    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    made = TorchModel(
        AutoModel.from_pretrained(orders["model"], device=device, **options), orders["context_tokens"]
    )
    _freeze()
    return made


def _freeze() -> None:
    """AirLLM collects garbage after every layer; without looking at what stays, that is 20 times faster."""
    gc.collect()
    gc.freeze()


class TorchModel:
    """A model whose layers PyTorch runs, each read from the disk when its turn comes."""

    def __init__(self, library: Any, context_tokens: int) -> None:
        self._library = library
        self._context = context_tokens
        self._job: Job | None = None
        layers = list(getattr(library, "layers", ()))
        for number, layer in enumerate(layers, 1):
            layer.register_forward_pre_hook(self._before(number, len(layers)), prepend=True)

    def answer(self, job: Job) -> dict[str, Any]:
        """Says the answer; returns how it ended."""
        import torch

        library, tokenizer = self._library, self._library.tokenizer
        encoded = tokenizer(prompt(tokenizer, job), return_tensors="pt", add_special_tokens=False)
        tokens = encoded["input_ids"].to(library.device)
        given = int(tokens.shape[1])
        most = _room(given, job.request["max_tokens"], self._context)
        self._job = job
        try:
            with torch.inference_mode():
                output = library.generate(
                    tokens,
                    attention_mask=encoded["attention_mask"].to(library.device),
                    max_new_tokens=most,
                    pad_token_id=_pad(tokenizer),
                    streamer=_streamer(tokenizer, job),
                    stopping_criteria=_criteria(job),
                    **_sampling(job.request["temperature"]),
                )
        finally:
            self._job = None
        job.flush()
        said = int(output.shape[1]) - given
        is_cut = not job.is_over and said >= most and int(output[0, -1]) != tokenizer.eos_token_id
        return {"finished": "length" if is_cut else "stop", "tokens_in": given, "tokens_out": said}

    def _before(self, number: int, layers: int) -> Any:
        def hook(_module: Any, _arguments: Any) -> None:
            if self._job is not None:
                self._job.progress(number, layers)

        return hook


class MlxModel:
    """A model on a Mac. AirLLM's `generate` there gives its whole text at once and knows no end.

    So the tokens are taken from beneath it, one by one, where they can be.
    """

    def __init__(self, library: Any, context_tokens: int) -> None:
        self._library = library
        self._context = context_tokens

    def answer(self, job: Job) -> dict[str, Any]:
        """Says the answer; returns how it ended."""
        tokenizer = self._library.tokenizer
        tokens = tokenizer(prompt(tokenizer, job), add_special_tokens=False)["input_ids"]
        most = _room(len(tokens), job.request["max_tokens"], self._context)
        job.check()
        say = self._in_pieces if hasattr(self._library, "model_generate") else self._at_once
        said = say(_mlx_array(tokens), most, job)
        job.flush()
        is_cut = not job.is_over and said >= most
        return {"finished": "length" if is_cut else "stop", "tokens_in": len(tokens), "tokens_out": said}

    def _in_pieces(self, prompt_tokens: Any, most: int, job: Job) -> int:
        tokenizer = self._library.tokenizer
        tokens: list[int] = []
        shown = 0
        for token in self._library.model_generate(prompt_tokens, temperature=job.request["temperature"]):
            job.check()
            tokens.append(int(token.item()))
            if tokens[-1] == tokenizer.eos_token_id:
                job.is_over = True
                break
            text = tokenizer.decode(tokens, skip_special_tokens=True)
            if not text.endswith("\ufffd"):  # else the rest of a character is still to come
                job.text(text[shown:])
                shown = len(text)
            if job.is_over or len(tokens) >= most:
                break
        return len(tokens)

    def _at_once(self, prompt_tokens: Any, most: int, job: Job) -> int:
        tokenizer, temperature = self._library.tokenizer, job.request["temperature"]
        text = self._library.generate(prompt_tokens, temperature=temperature, max_new_tokens=most)
        if tokenizer.eos_token and tokenizer.eos_token in text:
            text, most = text.split(tokenizer.eos_token)[0], most - 1
        job.text(text)
        return min(most, len(tokenizer(text, add_special_tokens=False)["input_ids"]))


def prompt(tokenizer: Any, job: Job) -> str:
    """The messages as the model knows them: by its own template, else as questions and answers."""
    messages = [_plain_message(message) for message in job.request["messages"]]
    if not getattr(tokenizer, "chat_template", None):
        job.stops += _PLAIN_STOPS
        lines = [_PLAIN.get(message["role"], "Question: ") + message["content"] for message in messages]
        return (getattr(tokenizer, "bos_token", None) or "") + "\n\n".join([*lines, "Answer:"])
    try:
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
    except Exception:  # noqa: BLE001 - templates raise what they like, mostly for want of a system role
        return str(
            tokenizer.apply_chat_template(_folded(messages), tokenize=False, add_generation_prompt=True)
        )


def _plain_message(message: dict[str, str]) -> dict[str, str]:
    return {"role": message["role"], "content": message["content"]}


def _folded(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """Strictly user and assistant in turn, as the strictest templates want it."""
    folded: list[dict[str, str]] = []
    for message in messages:
        role = "assistant" if message["role"] == "assistant" else "user"
        if folded and folded[-1]["role"] == role:
            folded[-1]["content"] += "\n\n" + message["content"]
        else:
            folded.append({"role": role, "content": message["content"]})
    return folded


def _room(given: int, wanted: int, context: int) -> int:
    """How many tokens may be said; raises TooLong where the messages fill the context."""
    if not context:
        return wanted
    if given >= context:
        raise TooLong(f"The messages have {given} tokens, and the model's context holds {context}.")
    return min(wanted, context - given)


def _sampling(temperature: float) -> dict[str, Any]:
    return {"do_sample": True, "temperature": temperature} if temperature > 0 else {"do_sample": False}


def _pad(tokenizer: Any) -> Any:
    return tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id


def _streamer(tokenizer: Any, job: Job) -> Any:
    from transformers import TextStreamer

    class Streamer(TextStreamer):  # type: ignore[misc]
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            del stream_end
            job.text(text)

    return Streamer(tokenizer, skip_prompt=True, skip_special_tokens=True)


def _criteria(job: Job) -> Any:
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    class Wanted(StoppingCriteria):  # type: ignore[misc]
        def __call__(self, input_ids: Any, _scores: Any, **_: Any) -> Any:
            job.check()
            return torch.full((input_ids.shape[0],), job.is_over, device=input_ids.device, dtype=torch.bool)

    return StoppingCriteriaList([Wanted()])


def _mlx_array(tokens: list[int]) -> Any:
    import mlx.core

    return mlx.core.array([tokens])


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]


def _die_with_parent() -> None:
    """On Linux the kernel ends this process with its parent, even while the model loads."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _forget_own_folder() -> None:
    """Started as a file, Python looks for libraries beside it first; there are none."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - before anything is loaded
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != here]  # noqa: PTH100


if __name__ == "__main__":
    raise SystemExit(main())
