"""The tokenizer and the encoder of bert/bert against the transformers library."""

import re
import string
import unicodedata
from functools import partial

import numpy as np
import paddle
import pytest
import torch
from safetensors.numpy import load_file
from transformers import BertModel, BertTokenizer
from transformers.utils import logging

from lesson_utils.data import load
from lesson_utils.paddle import to_numpy as paddle_to_numpy
from publishing.lesson import SOURCES, framework_of, read_lesson

FOLDER = load("minilm", "all")
HOSTILE = [
    "", " \t\r\n", "\x00\x01\x7f\x85\x0b", "\ufeff\u200b\u200d\u202e\ufffd", "a\u00a0b\u2003c\u2028d\u3000e",
    "İSTANBUL ıI ΟΔΟΣ ΣΣ ß ẞ ﬁ Ǆ ŉ", "e\u0301\u0300\u0327 ā̈ ñ", "Ω \u2126 Å \u212b", "x" * 100, "x" * 101,
    "##ing ## # [UNK] [unk]", "[SEP][CLS] [MASK].[PAD]", "[[SEP]] [SEP", "👩‍🚀🙂🏳️‍🌈", "½①٣Ⅳ", "$x^2$ <b>`~|",
    "don't U.S.A. 3.14 e-mail a_b", "我爱北京，天安门。English混合123", 
    "日本語のテキスト 한국어 ไทย हिन्दी עברית العربية",
    "\ud7a3\U00020000\U0002a700\U0002f800", "naïve café — “quotes” … ‽", "a" * 99 + "é", "--" * 60, "unaffable",
]  # fmt: skip


def lesson_space(framework):
    """All that the lesson's cells define, without what they run."""
    space: dict = {"seen": None}
    names = {"torch": (torch.tensor, torch.no_grad, torch.nn, torch.nn.Module, torch.nn.ModuleList, "eps"),
             "paddle": (paddle.to_tensor, paddle.no_grad, paddle.nn, paddle.nn.Layer,
                        paddle.nn.LayerList, "epsilon")}  # fmt: skip
    tensor, no_grad, nn, module, layers, eps = names[framework]
    norm = partial(nn.LayerNorm, **{eps: 1e-12})
    space |= {"re": re, "string": string, "unicodedata": unicodedata, "np": np, "torch": torch,
              "paddle": paddle, "nn": nn, "F": nn.functional, "tensor": tensor, "no_grad": no_grad,
              "Module": module, "Layers": layers, "Norm": norm}  # fmt: skip
    lines = (FOLDER / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    space["vocabulary"] = {token: number for number, token in enumerate(lines)}
    for cell in read_lesson(SOURCES / "bert/bert.md").cells:
        if cell.cell_type == "code" and framework_of(cell) in (None, framework):
            for part in cell.source.split("\n\n\n"):
                start = part.lstrip()
                if start.startswith(("def ", "class ", "CHINESE =", "SPECIAL =", "NAMES =")):
                    exec(part, space)
    return space


@pytest.fixture(scope="module")
def lesson():
    return lesson_space("torch")


@pytest.fixture(scope="module")
def tokenizer():
    return BertTokenizer.from_pretrained(FOLDER)


def test_tokens_of_the_embedded_texts(lesson, tokenizer):
    english, chinese = load("translation", "all")
    reviews = load("reviews", "all")[0]
    paragraphs = [text for text in load("prose", "all").split("\n\n") if text.strip()]
    texts = [*paragraphs[:1200], *reviews[:1000], *english[:500], *chinese[:500]]
    logging.set_verbosity_error()  # some are longer than 512
    assert len(texts) > 3000
    for text in texts:
        assert lesson["tokenize"](text) == tokenizer.tokenize(text), text


def test_tokens_of_hostile_texts(lesson, tokenizer):
    for text in HOSTILE:
        assert lesson["tokenize"](text) == tokenizer.tokenize(text), ascii(text)
    generator = np.random.default_rng(0)
    letters = "".join(HOSTILE)
    for _ in range(1500):
        text = "".join(generator.choice(list(letters), int(generator.integers(1, 30))))
        assert lesson["tokenize"](text) == tokenizer.tokenize(text), ascii(text)


def test_every_character(lesson, tokenizer):
    """The library's tables of marks and punctuation are older than Python's, and it forgets 256 Chinese characters."""
    wrong = []
    for code in [*range(0x20000), *range(0x2B700, 0x2BA00)]:
        if not 0xD800 <= code < 0xE000 and unicodedata.category(chr(code)) != "Cn":
            text = f"a{chr(code)}b"
            if lesson["tokenize"](text) != tokenizer.tokenize(text):
                wrong.append(code)
    rest = [code for code in wrong if not 0x2B820 <= code < 0x2B920]
    assert len(rest) < 600 and not [code for code in rest if code < 0x600]
    assert {unicodedata.category(chr(code))[0] for code in rest} <= {"M", "P", "C", "S"}


def test_pairs(lesson, tokenizer):
    pairs = list(zip(HOSTILE[3:], HOSTILE[:-3], strict=True))
    batch = tokenizer(*map(list, zip(*pairs, strict=True)), padding=True, return_tensors="np")
    ids, segments, seen = lesson["collate"](pairs)
    for name, ours in {"input_ids": ids, "token_type_ids": segments, "attention_mask": seen}.items():
        np.testing.assert_array_equal(ours, batch[name])


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_hidden_states(framework, tokenizer):
    logging.disable_progress_bar()
    reference = BertModel.from_pretrained(FOLDER).eval().requires_grad_(False)
    space = lesson_space(framework)
    stored = load_file(FOLDER / "model.safetensors")
    weights = {space["rename"](name): array for name, array in stored.items() if "position_ids" not in name}
    model = space["Bert"]()
    space["set_weights"](model, weights)
    long = tokenizer.decode(tokenizer(" ".join(load("prose", "all").split()[:300]))["input_ids"][1:300])
    for texts in (HOSTILE, list(load("translation", "all")[1][:5]), [long]):
        ids, segments, seen = space["collate"](texts)
        with space["no_grad"]():
            states = model(*(space["tensor"](x) for x in (ids, segments, seen)))
            pooled = model.pooler(states[-1][:, 0]).tanh()
        inputs = {"input_ids": ids, "token_type_ids": segments, "attention_mask": seen.astype(np.int64)}
        library = reference(**{name: torch.tensor(x) for name, x in inputs.items()}, output_hidden_states=True)
        assert len(states) == len(library.hidden_states) == 7
        for ours, theirs in zip(states, library.hidden_states, strict=True):
            assert abs(paddle_to_numpy(ours) - theirs.numpy())[seen].max() <= 1e-4
        assert abs(paddle_to_numpy(pooled) - library.pooler_output.numpy()).max() <= 1e-4
    assert ids.shape[1] > 250


def test_exercises(lesson):
    fewest, vocabulary = lesson["fewest"], lesson["vocabulary"]
    for word in ("predefined", "lexically", "swimsuits", "digraphs", "zzyzx", "我"):
        cut, greedy = fewest(word, vocabulary), lesson["pieces"](word, vocabulary)
        assert len(cut) <= len(greedy)
        assert "".join(piece.removeprefix("##") for piece in cut) == word
    assert "[SEP]" not in lesson["plain"]("[SEP]")
    reference = BertModel.from_pretrained(FOLDER)
    assert lesson["count"](30_522, 384, 6, 1536) == sum(p.numel() for p in reference.parameters())
