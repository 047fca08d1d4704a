"""AirLLM as it is on a Mac, for the worker to import: it says the words of the question, in the way it asks for.

Loaded in a process of its own, by its plain name; nothing of the application is there.
"""

import json
import os
import signal
import time
from pathlib import Path

EOS = "<end>"


class Token:
    def __init__(self, number):
        self.number = number

    def item(self):
        return self.number


class Tokenizer:
    """A token for a word; it learns words as it meets them."""

    eos_token = EOS
    eos_token_id = 0
    bos_token = ""

    def __init__(self, chat_template):
        self.chat_template = chat_template
        self.words = [EOS]

    def __call__(self, text, add_special_tokens=False):
        return {"input_ids": [self.number(word) for word in text.split()]}

    def number(self, word):
        if word not in self.words:
            self.words.append(word)
        return self.words.index(word)

    def decode(self, tokens, skip_special_tokens=False):
        return "".join(f"{self.words[token]} " for token in tokens)

    def apply_chat_template(self, messages, tokenize, add_generation_prompt):
        if self.chat_template == "strict" and any(message["role"] == "system" for message in messages):
            raise ValueError("System role not supported")
        return " ".join(message["content"] for message in messages)


class Model:
    def __init__(self, config, folder):
        self.tokenizer = Tokenizer(config.get("chat_template"))
        self.folder = folder
        if not config.get("whole"):
            self.model_generate = self._tokens

    def _tokens(self, rows, temperature=0):
        for token in rows[0]:
            word = self.tokenizer.words[token]
            if word == "CRASH":
                os.kill(os.getpid(), signal.SIGKILL)
            if word == "FAIL":
                raise RuntimeError("out of memory")
            if word == "HANG":
                time.sleep(600)
            while word == "ON_AND_ON":
                time.sleep(0.01)
                yield Token(token)
            yield Token(token)
        yield Token(0)
        yield Token(self.tokenizer.number("beyond"))

    def generate(self, rows, temperature=0, max_new_tokens=None):
        tokens = [token.number for token in self._tokens(rows)]
        return self.tokenizer.decode(tokens[:max_new_tokens])


class AutoModel:
    @classmethod
    def from_pretrained(cls, model, layer_shards_saving_path):
        print("noise on stdout")
        folder = Path(model)
        config = json.loads((folder / "config.json").read_text())
        if "fault" in config:
            raise RuntimeError(config["fault"])
        layers = Path(layer_shards_saving_path) / "splitted_model"
        layers.mkdir(parents=True, exist_ok=True)
        for number in range(config["num_hidden_layers"] + 3):
            (layers / f"{number}.mlx.npz").write_bytes(b"0")
            (layers / f"{number}.mlx.done").touch()
            while number == 2 and config.get("waits") and not (folder / "go").exists():
                time.sleep(0.01)
        return Model(config, folder)
