"""transformer/gpt against transformers' GPT-2 and its samplers, PyTorch's counter and plain search."""

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch.utils.flop_counter import FlopCounterMode
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.generation import logits_process

from publishing.lesson import SOURCES, framework_of, read_lesson, tags
from tests.lessons.from_source import functions

LESSON = "transformer/gpt"
NAMES = ("truncate", "draw", "parameters", "multiplications", "repeated", "loop", "min_p", "cache_bytes")
PLAIN = functions(LESSON, *NAMES, np=np, softmax=softmax)
FRAMEWORKS = ("torch", "paddle")
BOTH = pytest.mark.parametrize("framework", FRAMEWORKS)


def defined(framework):
    """What the lesson's setup cells and its cells that begin with a definition define in one framework."""
    space: dict = {}
    for cell in read_lesson(SOURCES / f"{LESSON}.md").cells:
        if cell.cell_type != "code" or framework_of(cell) not in (None, framework):
            continue
        if "setup" in tags(cell):
            exec(cell.source, space)
        elif cell.source.startswith(("def ", "class ")) and not {"stub", "solution"} & set(tags(cell)):
            parts = cell.source.split("\n\n\n")  # definitions first; what follows them trains or prints
            exec("\n\n\n".join(part for part in parts if part.startswith(("def ", "class "))), space)
    return space


@pytest.fixture(scope="module")
def spaces():
    """Both frameworks' versions of the lesson's classes."""
    return {framework: defined(framework) for framework in FRAMEWORKS}


def random_model(space, seed, context=12, layers=2, masked=True):
    model = space["GPT"](9, context, 8, 2, layers, masked)
    space["fill_weights"](model, seed)
    return model


def test_truncation_equals_transformers_on_300_settings():
    generator = np.random.default_rng(0)
    for _ in range(300):
        size = int(generator.integers(2, 60))
        logits = generator.normal(0, 3, (4, size))
        temperature, k, p = generator.uniform(0.2, 3), int(generator.integers(0, size + 1)), generator.uniform(0.05, 1)
        scores = logits_process.TemperatureLogitsWarper(float(temperature))(None, torch.tensor(logits))
        if k:
            scores = logits_process.TopKLogitsWarper(k)(None, scores)
        scores = logits_process.TopPLogitsWarper(float(p))(None, scores)
        np.testing.assert_allclose(PLAIN.truncate(logits, temperature, k, p), scores.softmax(-1).numpy(), atol=1e-12)


def test_min_p_equals_transformers():
    generator = np.random.default_rng(1)
    for _ in range(100):
        logits, share = generator.normal(0, 3, (3, 20)), float(generator.uniform(0, 1))
        scores = logits_process.MinPLogitsWarper(share)(None, torch.tensor(logits))
        np.testing.assert_allclose(PLAIN.min_p(logits, share), scores.softmax(-1).numpy(), atol=1e-12)


def test_drawing_follows_the_probabilities():
    q = np.array([0.0, 0.5, 0.3, 0.0, 0.2, 0.0])
    drawn = PLAIN.draw(np.tile(q, (40_000, 1)), np.random.default_rng(0))
    assert set(drawn) == {1, 2, 4}
    np.testing.assert_allclose(np.bincount(drawn, minlength=6) / 40_000, q, atol=0.01)


def test_the_model_equals_gpt2(spaces):
    space = spaces["torch"]
    config = GPT2Config(
        vocab_size=9, n_positions=12, n_embd=8, n_layer=2, n_head=2, activation_function="gelu",
        attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    for seed in range(10):
        ours, theirs = random_model(space, seed), GPT2LMHeadModel(config).eval()
        renamed = {"wte.weight": ours.tokens.weight, "wpe.weight": ours.places.weight}
        for i, block in enumerate(ours.blocks):
            parts = {
                "ln_1": block.norms[0], "attn.c_attn": block.attention.qkv, "attn.c_proj": block.attention.out,
                "ln_2": block.norms[1], "mlp.c_fc": block.wide, "mlp.c_proj": block.narrow,
            }  # fmt: skip
            for name, part in parts.items():
                renamed[f"h.{i}.{name}.weight"] = part.weight.T if part.weight.ndim == 2 else part.weight  # (in, out)
                renamed[f"h.{i}.{name}.bias"] = part.bias
        renamed |= {"ln_f.weight": ours.norm.weight, "ln_f.bias": ours.norm.bias}
        theirs.transformer.load_state_dict(renamed)
        ids = torch.randint(0, 9, (3, 12), generator=torch.Generator().manual_seed(seed))
        with torch.no_grad():
            torch.testing.assert_close(ours(ids), theirs(ids).logits, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("width", "layers", "total"), [(768, 12, 124_439_808), (1024, 24, 354_823_168)])
def test_parameters_are_those_of_gpt2(width, layers, total):
    with torch.device("meta"):
        theirs = GPT2LMHeadModel(GPT2Config(n_embd=width, n_layer=layers, n_head=width // 64))
    assert PLAIN.parameters(50257, 1024, width, layers) == theirs.num_parameters() == total


def test_multiplications_are_what_pytorch_counts(spaces):
    space = spaces["torch"]
    model = random_model(space, 0)
    for old, new in [(0, 1), (0, 12), (5, 1), (5, 4), (11, 1)]:
        with torch.no_grad():
            past = model.read(torch.zeros(1, old, dtype=torch.int64), [None] * 2)[1] if old else [None] * 2
            with FlopCounterMode(display=False) as counter:
                model.read(torch.zeros(1, new, dtype=torch.int64), past)
        assert counter.get_total_flops() == 2 * PLAIN.multiplications(new, old, 9, 8, 2)


@BOTH
def test_reading_in_pieces_equals_reading_at_once(spaces, framework):
    space, generator = spaces[framework], np.random.default_rng(2)
    tensor, to_numpy = space["tensor"], space["to_numpy"]
    for seed in range(10):
        model, ids = random_model(space, seed), generator.integers(0, 9, (3, 12))
        cuts = [0, *sorted(generator.choice(np.arange(1, 12), 3, replace=False).tolist()), 12]
        past, pieces = [None] * 2, []
        with space["no_grad"]():
            for a, b in zip(cuts, cuts[1:], strict=False):
                logits, past = model.read(tensor(ids[:, a:b]), past)
                pieces.append(to_numpy(logits))
            whole = to_numpy(model(tensor(ids)))
        np.testing.assert_allclose(np.concatenate(pieces, 1), whole, atol=1e-5)
        held = sum(to_numpy(part).nbytes for pair in past for part in pair)
        assert held == 3 * PLAIN.cache_bytes(2, 8, 12)


@BOTH
def test_only_the_masked_model_is_blind_to_what_comes(spaces, framework):
    space, generator = spaces[framework], np.random.default_rng(3)
    tensor, to_numpy = space["tensor"], space["to_numpy"]
    for masked in (True, False):
        model, ids = random_model(space, 0, masked=masked), generator.integers(0, 9, (1, 12))
        for place in range(1, 12):
            other = ids.copy()
            other[0, place] = (ids[0, place] + 1) % 9
            with space["no_grad"]():
                moved = abs(to_numpy(model(tensor(ids)) - model(tensor(other))))[0].max(-1)
            assert moved[place] > 1e-6 and (moved[:place].max() < 1e-6) == masked


@BOTH
def test_one_pass_says_what_each_beginning_says_alone(spaces, framework):
    space = spaces[framework]
    windows = np.random.default_rng(4).integers(0, 9, (5, 13))
    model = random_model(space, 1)
    together, alone = space["surprise"](model, windows), space["surprise_alone"](model, windows)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    with space["no_grad"]():
        logits = space["to_numpy"](model(space["tensor"](windows[:, :-1])))
    p = np.take_along_axis(softmax(logits, -1), windows[:, 1:, None], -1)[..., 0]
    np.testing.assert_allclose(together, -np.log(p), atol=1e-5)


@BOTH
def test_writing_with_the_cache_and_past_the_context(spaces, framework):
    space = spaces[framework]
    model, start = random_model(space, 5), np.arange(4)[:, None]
    for how in ({"k": 1}, {"temperature": 0.7, "p": 0.9}, {"temperature": np.full((4, 1), 2.0)}):
        cached, plain = (space[name](model, start, 11, **how) for name in ("write", "write_plain"))
        assert (cached == plain).all()
    long = space["write"](model, start, 40, context=12, k=1)
    begin = 0
    for end in range(1, 41):  # what each letter was chosen from, read at once
        begin = end - 6 if end - begin > 12 else begin
        with space["no_grad"]():
            logits = space["to_numpy"](model(space["tensor"](long[:, begin:end])))[:, -1]
        assert (logits.argmax(-1) == long[:, end]).all()


def test_loops_and_repetition():
    generator = np.random.default_rng(6)
    for n in (1, 2):
        for _ in range(50):
            table = generator.integers(0, 4, (4,) * n)
            text = "".join(map(str, generator.integers(0, 4, n)))
            before, period = PLAIN.loop(lambda s, table=table: str(table[tuple(map(int, s))]), text, n)
            for _ in range(60):
                text += str(table[tuple(map(int, text[-n:]))])
            states = [text[i : i + n] for i in range(60)]
            assert states[before] == states[before + period] and len(set(states)) == before + period
    assert PLAIN.repeated(list(range(20))) == 0 and PLAIN.repeated([1] * 20) == pytest.approx(12 / 13)
