"""What the notes "PyTorch ↔ Paddle" of the chapter training claim."""

import numpy as np
import paddle
import pytest
import torch

from lesson_utils.schedules import one_cycle

NOTES = {  # lesson -> how many of its notes are tested here
    "training/deployment": 2,
    "training/optimizers": 3,
}


def test_who_keeps_an_if_on_a_value():
    class Torch(torch.nn.Module):
        def forward(self, x):
            if x.mean() > 0.5:
                x = 1 - x
            return 2 * x + 1

    class Paddle(paddle.nn.Layer):
        def forward(self, x):
            if x.mean() > 0.5:
                x = 1 - x
            return 2 * x + 1

    with pytest.raises(RuntimeError):
        torch.export.export(Torch(), (torch.zeros(1, 4),))
    with pytest.warns(torch.jit.TracerWarning):
        traced = torch.jit.trace(Torch(), torch.zeros(1, 4))
    assert Torch()(torch.ones(1, 4))[0, 0] == 1 and traced(torch.ones(1, 4))[0, 0] == 3
    spec = paddle.static.InputSpec([None, 4], "float32", "x")
    graph = paddle.jit.to_static(Paddle(), input_spec=[spec], full_graph=True)
    program = graph.forward.concrete_program.main_program
    assert "pd_op.if" in [op.name() for op in program.global_block().ops]
    assert graph(paddle.ones([1, 4]))[0, 0] == 1 and graph(paddle.zeros([1, 4]))[0, 0] == 1


def test_the_same_dense_layer_becomes_two_onnx_lists(tmp_path):
    import onnx

    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6, 5)).eval()
    sizes = ({0: torch.export.Dim("N")},)
    program = torch.export.export(model, (torch.zeros(3, 2, 3),), dynamic_shapes=sizes)
    torch.onnx.export(program, (), tmp_path / "t.onnx", external_data=False, verbose=False)
    graph = onnx.load(tmp_path / "t.onnx").graph
    assert [node.op_type for node in graph.node] == ["Reshape", "Gemm"]
    assert [5, 6] in [list(entry.dims) for entry in graph.initializer]
    model = paddle.nn.Sequential(paddle.nn.Flatten(), paddle.nn.Linear(6, 5))
    spec = paddle.static.InputSpec([None, 2, 3], "float32", "x")
    paddle.onnx.export(model, str(tmp_path / "p"), input_spec=[spec], opset_version=17)
    graph = onnx.load(tmp_path / "p.onnx").graph
    kinds = {node.op_type for node in graph.node}
    assert {"Shape", "Slice", "Concat", "MatMul", "Add"} <= kinds and "Gemm" not in kinds
    assert [6, 5] in [list(entry.dims) for entry in graph.initializer]


def torch_step(name, gradient, start=0.0, lr=0.1, **options):
    w = torch.nn.Parameter(torch.tensor([start]))
    optimizer = getattr(torch.optim, name)([w], lr=lr, **options)
    (gradient * w).sum().backward()
    optimizer.step()
    return w.item()


def paddle_step(name, gradient, start=0.0, lr=0.1, **options):
    w = paddle.create_parameter([1], "float32")
    w.set_value(np.array([start], "float32"))
    optimizer = getattr(paddle.optimizer, name)(lr, parameters=[w], **options)
    (gradient * w).sum().backward()
    optimizer.step()
    return w.item()


def test_epsilon_of_rmsprop_stands_outside_the_root_in_torch_and_inside_in_paddle():
    for g in (1e-6, 1e-7, 1e-8):
        outside, inside = 0.1 * g / (0.1 * g + 1e-8), 0.1 * g / (0.05 * g**2 + 1e-6) ** 0.5
        assert torch_step("RMSprop", g) == pytest.approx(-outside, rel=1e-4)
        assert paddle_step("RMSProp", g) == pytest.approx(-inside, rel=1e-4)
        near = paddle_step("RMSProp", g, rho=0.99, epsilon=1e-16)
        assert 1 <= near / torch_step("RMSprop", g) < 2**0.5 + 1e-3


def test_epsilon_of_adagrad_and_adam_stands_outside_in_both():
    for g in (1e-6, 1e-8):
        assert torch_step("Adagrad", g) == pytest.approx(-0.1 * g / (g + 1e-10), rel=1e-4)
        assert paddle_step("Adagrad", g) == pytest.approx(-0.1 * g / (g + 1e-6), rel=1e-4)
        for name in ("Adam", "AdamW"):
            expected = pytest.approx(-0.1 * g / (g + 1e-8), rel=1e-4)
            assert torch_step(name, g) == expected and paddle_step(name, g) == expected


def test_default_learning_rates():
    w, v = [torch.nn.Parameter(torch.ones(1))], [paddle.create_parameter([1], "float32")]
    for name, rate in (("SGD", 1e-3), ("Adam", 1e-3), ("AdamW", 1e-3), ("Adagrad", 0.01), ("RMSprop", 0.01)):
        assert getattr(torch.optim, name)(w).defaults["lr"] == rate
    for name in ("SGD", "Momentum", "Adam", "AdamW"):
        assert getattr(paddle.optimizer, name)(parameters=v).get_lr() == 0.001
    for name in ("Adagrad", "RMSProp"):
        with pytest.raises(TypeError):
            getattr(paddle.optimizer, name)(parameters=v)


def test_a_schedule_wraps_the_optimizer_or_is_its_rate_and_moves_only_by_step():
    w, v = torch.nn.Parameter(torch.zeros(1)), paddle.create_parameter([1], "float32")
    optimizer = torch.optim.SGD([w], 0.1)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, one_cycle(10))
    rate = paddle.optimizer.lr.LambdaDecay(0.1, one_cycle(10))
    other = paddle.optimizer.SGD(rate, parameters=[v])
    with pytest.raises(RuntimeError):
        other.set_lr(0.05)
    for moved in (False, True):
        for step in range(3):
            expected = pytest.approx(0.1 * one_cycle(10)(step if moved else 0))
            assert optimizer.param_groups[0]["lr"] == expected and other.get_lr() == expected
            w.grad = torch.zeros(1)
            (0 * v).sum().backward()
            optimizer.step()
            other.step()
            other.clear_grad()
            if moved:
                scheduler.step()
                rate.step()


def test_the_rate_of_a_group_replaces_in_torch_and_multiplies_in_paddle():
    w, v = torch.nn.Parameter(torch.zeros(1)), paddle.create_parameter([1], "float32")
    v.set_value(np.zeros(1, "float32"))
    optimizer = torch.optim.SGD([{"params": [w], "lr": 0.5}], lr=0.1)
    other = paddle.optimizer.SGD(0.1, parameters=[{"params": [v], "learning_rate": 0.5}])
    for weight, one in ((w, optimizer), (v, other)):
        weight.sum().backward()
        one.step()
    assert w.item() == pytest.approx(-0.5) and v.item() == pytest.approx(-0.05)


def test_weight_decay_means_the_same_in_both():
    momentum = {"momentum": 0.9}
    for g in (0.0, 0.3):
        for name, other, options in (("SGD", "SGD", {}), ("SGD", "Momentum", momentum)):
            expected = pytest.approx(2 - 0.1 * (g + 0.5 * 2), rel=1e-5)
            assert torch_step(name, g, 2.0, weight_decay=0.5, **options) == expected
            assert paddle_step(other, g, 2.0, weight_decay=0.5) == expected
        for step in (torch_step, paddle_step):
            assert step("Adam", g, 2.0, weight_decay=0.5) == pytest.approx(2 - 0.1, rel=1e-5)
            expected = 2 * (1 - 0.1 * 0.5) - (0.1 if g else 0)
            assert step("AdamW", g, 2.0, weight_decay=0.5) == pytest.approx(expected, rel=1e-5)


def test_paddle_can_spare_weights_from_decay():
    free = paddle.ParamAttr(regularizer=paddle.regularizer.L2Decay(0.0))
    layer = paddle.nn.Linear(1, 1, weight_attr=free)

    def shrunk(name, **options):
        for parameter in layer.parameters():
            parameter.set_value(np.full(parameter.shape, 2.0, "float32"))
        optimizer = getattr(paddle.optimizer, name)(0.1, parameters=layer.parameters(), weight_decay=0.5, **options)
        (0 * (layer.weight.sum() + layer.bias.sum())).backward()
        optimizer.step()
        optimizer.clear_grad()
        return [parameter.item() < 2 for parameter in (layer.weight, layer.bias)]

    assert shrunk("SGD") == shrunk("Adam") == [False, True]
    assert shrunk("AdamW") == [True, True]
    assert shrunk("AdamW", apply_decay_param_fun=lambda name: name == layer.weight.name) == [True, False]
