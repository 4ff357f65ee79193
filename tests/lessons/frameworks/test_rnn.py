"""What the notes "PyTorch ↔ Paddle" of the chapter rnn claim."""

import numpy as np
import paddle
import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

NOTES = {  # lesson -> how many of its notes are tested here
    "rnn/rnn": 2,
    "rnn/gru-lstm": 1,
    "rnn/sentiment": 1,
    "rnn/seq2seq": 1,
}


def test_the_recurrent_layer_has_another_name_and_another_first_axis():
    x = np.zeros((4, 7, 3), np.float32)
    assert torch.nn.RNN(3, 5)(torch.as_tensor(x))[1].shape == (1, 7, 5)  # 4 is taken for the time
    assert torch.nn.RNN(3, 5, batch_first=True)(torch.as_tensor(x))[1].shape == (1, 4, 5)
    assert paddle.nn.SimpleRNN(3, 5)(paddle.to_tensor(x))[1].shape == [1, 4, 5]
    assert paddle.nn.SimpleRNN(3, 5, time_major=True)(paddle.to_tensor(x))[1].shape == [1, 7, 5]
    loop = paddle.nn.RNN(paddle.nn.GRUCell(3, 5))
    assert loop(paddle.to_tensor(x))[0].shape == [4, 7, 5]
    state = torch.nn.RNNCell(3, 5)(torch.as_tensor(x[:, 0]))
    output, again = paddle.nn.SimpleRNNCell(3, 5)(paddle.to_tensor(x[:, 0]))
    assert isinstance(state, torch.Tensor) and np.array_equal(output.numpy(), again.numpy())
    for layer in (torch.nn.RNN(300, 100), paddle.nn.SimpleRNN(300, 100)):
        assert tuple(layer.weight_ih_l0.shape) == (100, 300)  # (out, in) in both
        for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
            array = getattr(layer, name).detach().numpy()
            assert 0.09 < abs(array).max() <= 0.1  # uniform within ±1/√100
    assert tuple(paddle.nn.Linear(300, 100).weight.shape) == (300, 100)


def test_the_rows_of_a_new_embedding_start_differently():
    torch.manual_seed(0)
    rows = torch.nn.Embedding(56, 32).weight.detach().numpy()
    assert 0.9 < rows.std() < 1.1 and abs(rows).max() > 2.5  # normal
    paddle.seed(0)
    rows, bound = paddle.nn.Embedding(56, 32).weight.numpy(), np.sqrt(6 / (56 + 32))
    assert 0.95 * bound < abs(rows).max() <= bound  # uniform


def test_recurrent_layers_differ_in_names_and_agree_in_weights():
    x = np.zeros((4, 12, 3), dtype=np.float32)
    assert torch.nn.LSTM(3, 5, batch_first=True)(torch.tensor(x))[1][0].shape == (1, 4, 5)
    assert torch.nn.LSTM(3, 5)(torch.tensor(x))[1][0].shape == (1, 12, 5)  # time first
    assert paddle.nn.LSTM(3, 5)(paddle.to_tensor(x))[1][0].shape == [1, 4, 5]
    assert paddle.nn.LSTM(3, 5, time_major=True)(paddle.to_tensor(x))[1][0].shape == [1, 12, 5]
    both = torch.nn.LSTM(3, 5, batch_first=True, bidirectional=True)(torch.tensor(x))[0]
    assert list(both.shape) == list(paddle.nn.LSTM(3, 5, direction="bidirect")(paddle.to_tensor(x))[0].shape)
    values = np.random.default_rng(0).normal(size=x.shape).astype(np.float32)
    pairs = [("RNN", "SimpleRNN"), ("GRU", "GRU"), ("LSTM", "LSTM")]
    for blocks, (ours, theirs) in zip((1, 3, 4), pairs, strict=True):
        layer, other = getattr(torch.nn, ours)(3, 5, batch_first=True), getattr(paddle.nn, theirs)(3, 5)
        for name, parameter in layer.named_parameters():
            assert list(getattr(other, name).shape) == list(parameter.shape)
            getattr(other, name).set_value(parameter.detach().numpy())
        assert list(layer.weight_ih_l0.shape) == [blocks * 5, 3]
        outputs = layer(torch.tensor(values))[0].detach().numpy()
        np.testing.assert_allclose(outputs, other(paddle.to_tensor(values))[0].numpy(), atol=1e-5)


def test_one_step_returns_other_things():
    x = np.zeros((4, 3), dtype=np.float32)
    h, c = torch.nn.LSTMCell(3, 5)(torch.tensor(x))
    assert h.shape == c.shape == (4, 5)
    output, (h, c) = paddle.nn.LSTMCell(3, 5)(paddle.to_tensor(x))
    assert np.array_equal(output.numpy(), h.numpy()) and c.shape == [4, 5]
    assert torch.nn.GRUCell(3, 5)(torch.tensor(x)).shape == (4, 5)
    output, state = paddle.nn.GRUCell(3, 5)(paddle.to_tensor(x))
    assert np.array_equal(output.numpy(), state.numpy())


def test_recurrent_layers_are_drawn_alike():
    for parameters in (torch.nn.LSTM(30, 64).parameters(), paddle.nn.LSTM(30, 64).parameters()):
        for parameter in parameters:
            largest = float(abs(parameter.detach()).max())
            assert 0.95 / 8 < largest <= 1 / 8 * 1.000001


def test_an_lstm_is_told_the_lengths_in_its_own_way():
    x = np.random.default_rng(0).normal(size=(2, 7, 3)).astype(np.float32)
    layer = torch.nn.LSTM(3, 4, batch_first=True, bidirectional=True)
    lengths = torch.tensor([7, 3])
    packed = pack_padded_sequence(torch.as_tensor(x), lengths, batch_first=True, enforce_sorted=False)
    states, (last, _) = layer(packed)
    assert isinstance(states, torch.nn.utils.rnn.PackedSequence)
    with pytest.raises((RuntimeError, ValueError)):  # lengths have to be on the CPU
        pack_padded_sequence(torch.as_tensor(x), lengths.to("meta"), batch_first=True, enforce_sorted=False)
    found = [(pad_packed_sequence(states, batch_first=True)[0].detach().numpy(), last.detach().numpy())]
    with pytest.raises(TypeError):
        layer(torch.as_tensor(x), sequence_length=lengths)
    other = paddle.nn.LSTM(3, 4, direction="bidirect")
    states, (last, _) = other(paddle.to_tensor(x), sequence_length=paddle.to_tensor([7, 3]))
    found.append((states.numpy(), last.numpy()))
    for states, last in found:
        assert not states[1, 3:].any() and states[1, :3].any() and states[0].any()
        np.testing.assert_allclose(last[0], states[[0, 1], [6, 2], :4], atol=1e-6)  # from the left: its last real step
        np.testing.assert_allclose(last[1], states[:, 0, 4:], atol=1e-6)  # from the right: it ends at the first


def test_the_state_between_two_grus_has_one_shape_and_filling_is_counted_unless_told():
    x = np.zeros((4, 7, 3), np.float32)
    ours = torch.nn.GRU(3, 5, batch_first=True)(torch.as_tensor(x))
    theirs = paddle.nn.GRU(3, 5)(paddle.to_tensor(x))
    assert ours[0].shape == (4, 7, 5) and list(theirs[0].shape) == [4, 7, 5]  # the batch first
    assert ours[1].shape == (1, 4, 5) and list(theirs[1].shape) == [1, 4, 5]  # and not here
    logits = np.random.default_rng(0).normal(size=(6, 9)).astype(np.float32)
    targets = np.array([3, 4, 0, 0, 5, 0])
    losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(6), targets]
    for library, functional in [(torch, torch.nn.functional), (paddle, paddle.nn.functional)]:
        make = library.tensor if library is torch else library.to_tensor
        pair = make(logits), make(targets)
        assert functional.cross_entropy(*pair).item() == pytest.approx(losses.mean(), abs=1e-5)
        left_out = functional.cross_entropy(*pair, ignore_index=0).item()
        assert left_out == pytest.approx(losses[targets != 0].mean(), abs=1e-5)
        marked = make(np.where(targets == 0, -100, targets))
        share = 1 if library is torch else 3 / 6  # Paddle divides by all six, as long as the index is negative
        assert functional.cross_entropy(pair[0], marked).item() == pytest.approx(share * left_out, abs=1e-6)
