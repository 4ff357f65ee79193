"""What the notes "PyTorch ↔ Paddle" of the chapter transformer claim."""

import inspect

import numpy as np
import paddle
import pytest
import torch
import torch.nn.attention

NOTES = {  # lesson -> how many of its notes are tested here
    "transformer/attention": 3,
    "transformer/self-attention": 2,
    "transformer/transformer": 1,
    "transformer/gpt": 1,
}


def test_layout_of_scaled_dot_product_attention():
    q, k, v = np.random.default_rng(0).normal(size=(3, 2, 3, 5, 4)).astype("float32")  # (B, heads, T, d)
    theirs = torch.nn.functional.scaled_dot_product_attention(*map(torch.tensor, (q, k, v))).numpy()
    swapped = [paddle.to_tensor(x.transpose(0, 2, 1, 3)) for x in (q, k, v)]  # (B, T, heads, d)
    other = paddle.nn.functional.scaled_dot_product_attention(*swapped).numpy().transpose(0, 2, 1, 3)
    np.testing.assert_allclose(theirs, other, atol=1e-5)
    wrong = paddle.nn.functional.scaled_dot_product_attention(*map(paddle.to_tensor, (q, k, v))).numpy()
    assert wrong.shape == theirs.shape and abs(wrong - theirs).max() > 0.1  # no error, other numbers


def test_attention_that_sees_nothing_or_two_masks():
    x = np.ones((1, 2, 2, 3), dtype="float32")
    seen = np.array([[False, False], [False, True]])
    attention, other = torch.nn.functional.scaled_dot_product_attention, paddle.nn.functional
    q, p = torch.tensor(x), paddle.to_tensor(x, place="cpu")
    assert (attention(q, q, q, torch.tensor(seen))[0, :, 0] == 0).all()
    assert torch.softmax(torch.full((2,), -torch.inf), 0).isnan().all()
    blind = other.scaled_dot_product_attention(p, p, p, paddle.to_tensor(seen))
    assert np.isnan(blind.numpy()[0, 0]).all() and not np.isnan(blind.numpy()[0, 1]).any()
    assert attention(q, q, q, torch.tensor(seen), is_causal=True)[0, 0, 0].eq(0).all()  # both masks
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH), pytest.raises(RuntimeError):
        attention(q, q, q, torch.tensor(seen), is_causal=True)
    both = other.scaled_dot_product_attention(p, p, p, paddle.to_tensor(seen), is_causal=True)
    assert not np.isnan(both.numpy()).any()  # as if there were no mask
    scores = [0.0, -float("inf")]
    assert torch.softmax(torch.tensor(scores), 0)[1] == 0
    assert 0 < other.softmax(paddle.to_tensor(scores, place="cpu"))[1].item() < 1e-27


def test_start_of_embeddings():
    torch.manual_seed(0)
    paddle.seed(0)
    assert torch.nn.Embedding(20, 64).weight.var().item() == pytest.approx(1, rel=0.15)
    weight = paddle.nn.Embedding(20, 64).weight
    assert float(weight.var()) == pytest.approx(2 / (20 + 64), rel=0.15)
    assert float(weight.abs().max()) <= (6 / (20 + 64)) ** 0.5


def attention_layers(width=8, heads=2):
    """Both frameworks' layers with the same weights."""
    first = torch.nn.MultiheadAttention(width, heads, batch_first=True)
    second = paddle.nn.MultiHeadAttention(width, heads, need_weights=True)
    packed, bias = first.in_proj_weight.detach().numpy(), first.in_proj_bias.detach().numpy()
    names = ["q_proj", "k_proj", "v_proj"]
    for name, weight, offset in zip(names, np.split(packed, 3), np.split(bias, 3), strict=True):
        getattr(second, name).weight.set_value(np.ascontiguousarray(weight.T))
        getattr(second, name).bias.set_value(offset)
    second.out_proj.weight.set_value(np.ascontiguousarray(first.out_proj.weight.detach().numpy().T))
    second.out_proj.bias.set_value(first.out_proj.bias.detach().numpy())
    return first, second


def test_layout_and_weights_of_multi_head_attention():
    first, second = attention_layers()
    assert list(first.in_proj_weight.shape) == [24, 8] and list(second.q_proj.weight.shape) == [8, 8]
    x = np.random.default_rng(0).normal(size=(3, 5, 8)).astype("float32")
    out, averaged = first(*[torch.tensor(x)] * 3)
    _, each = first(*[torch.tensor(x)] * 3, average_attn_weights=False)
    assert averaged.shape == (3, 5, 5) and each.shape == (3, 2, 5, 5)
    found, weights = second(paddle.to_tensor(x))
    np.testing.assert_allclose(found.numpy(), out.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(weights.numpy(), each.detach().numpy(), atol=1e-5)
    assert isinstance(paddle.nn.MultiHeadAttention(8, 2)(paddle.to_tensor(x)), paddle.Tensor)
    _, weights = torch.nn.MultiheadAttention(8, 2)(*[torch.tensor(x)] * 3)  # reads x as (T, B, d)
    assert weights.shape == (5, 3, 3)


def test_meaning_of_a_boolean_mask():
    first, second = attention_layers()
    x = np.random.default_rng(0).normal(size=(1, 4, 8)).astype("float32")
    look = np.tril(np.ones((4, 4), dtype=bool))
    _, ours = first(*[torch.tensor(x)] * 3, attn_mask=torch.tensor(~look))
    _, theirs = second(paddle.to_tensor(x), attn_mask=paddle.to_tensor(look))
    assert ours.detach().numpy()[0][~look] == pytest.approx(0)
    np.testing.assert_allclose(theirs.numpy().mean(1), ours.detach().numpy(), atol=1e-5)
    added = np.where(look, 0, -np.inf).astype("float32")
    _, ours = first(*[torch.tensor(x)] * 3, attn_mask=torch.tensor(added))
    _, again = second(paddle.to_tensor(x), attn_mask=paddle.to_tensor(added))
    np.testing.assert_allclose(again.numpy().mean(1), ours.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(again.numpy(), theirs.numpy(), atol=1e-5)


def test_masks_and_names_of_transformer_layers():
    x = np.random.default_rng(0).normal(size=(2, 4, 8)).astype("float32")
    changed = x.copy()
    changed[:, 3] = -x[:, 3]
    real = np.array([[True, True, True, False]] * 2)
    before = np.tril(np.ones((4, 4), dtype=bool))
    sizes = {"dim_feedforward": 16, "dropout": 0.0}
    first = torch.nn.TransformerEncoderLayer(8, 2, **sizes, batch_first=True)
    second = paddle.nn.TransformerEncoderLayer(8, 2, **sizes)
    look = paddle.to_tensor(real[:, None, None])
    for run in (
        lambda z: first(torch.tensor(z), src_key_padding_mask=torch.tensor(~real)).detach().numpy(),
        lambda z: first(torch.tensor(z), src_mask=torch.tensor(~before)).detach().numpy(),
        lambda z: second(paddle.to_tensor(z), src_mask=look).numpy(),
        lambda z: second(paddle.to_tensor(z), src_mask=paddle.to_tensor(before)).numpy(),
    ):
        np.testing.assert_allclose(run(x)[:, :3], run(changed)[:, :3], atol=1e-6)
    assert abs((second(paddle.to_tensor(x)) - second(paddle.to_tensor(changed))).numpy()[:, :3]).max() > 1e-3
    assert not inspect.signature(torch.nn.TransformerEncoderLayer).parameters["batch_first"].default
    assert hasattr(torch.nn.TransformerDecoderLayer(8, 2), "multihead_attn")
    assert hasattr(paddle.nn.TransformerDecoderLayer(8, 2, 16), "cross_attn")


def test_a_table_is_tied_to_a_last_layer_as_it_is_in_pytorch_only():
    table, out, x = torch.nn.Embedding(9, 4), torch.nn.Linear(4, 9, bias=False), torch.randn(2, 3, 4)
    out.weight = table.weight
    torch.testing.assert_close(out(x), x @ table.weight.mT)
    table, out, x = paddle.nn.Embedding(9, 4), paddle.nn.Linear(4, 9, bias_attr=False), paddle.randn([2, 3, 4])
    assert list(table.weight.shape) == [9, 4] and list(out.weight.shape) == [4, 9]
    assert (x @ table.weight.mT).shape == [2, 3, 9]
    out.weight = table.weight
    with pytest.raises(ValueError):
        out(x)
