"""What the notes "PyTorch ↔ Paddle" of the chapter training claim."""

import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import paddle
import pytest
import torch

from lesson_utils.schedules import one_cycle

NOTES = {  # lesson -> how many of its notes are tested here
    "training/deployment": 2,
    "training/optimizers": 3,
    "training/training-clinic": 3,
    "training/hardware": 3,
    "training/digits-lab": 1,
    "training/checkpoints": 2,
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


def test_logs_are_written_alike_and_read_back_whole(tmp_path):
    import visualdl.server.data_manager as manager
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.scalar import scalars_plugin
    from torch.utils.tensorboard import SummaryWriter
    from visualdl import LogReader, LogWriter

    folders = [str(tmp_path / "tensorboard"), str(tmp_path / "visualdl")]
    numbers = np.random.default_rng(0).normal(size=1000)
    for Log, folder in zip((SummaryWriter, LogWriter), folders, strict=True):
        with Log(folder) as log:
            for step in range(1500):
                log.add_scalar("loss", 0.1 * step, step)
            log.add_histogram("numbers", numbers, 0)
    events = EventAccumulator(folders[0], size_guidance={"scalars": 0}).Reload()
    reader = LogReader(file_path=str(next((tmp_path / "visualdl").glob("*.log"))))
    expected = [(step, float(np.float32(0.1 * step))) for step in range(1500)]
    assert [(event.step, event.value) for event in events.Scalars("loss")] == expected
    assert [(record.id, record.value) for record in reader.get_data("scalar", "loss")] == expected
    edges = np.diff(list(reader.get_data("histogram", "numbers")[0].histogram.bin_edges))
    assert len(edges) == 10 and np.allclose(edges, edges[0])
    limits = np.array(events.Histograms("numbers")[0].histogram_value.bucket_limit)
    widths = np.diff(limits[limits > 1e-3])
    assert np.allclose(widths[1:-1] / widths[:-2], 1.1, rtol=1e-3)
    # What the programs show in the browser by default.
    assert scalars_plugin._DEFAULT_DOWNSAMPLING == 1000
    assert manager.DEFAULT_PLUGIN_MAXSIZE["scalar"] == 1000


def test_forward_hooks_see_the_output_and_may_replace_it():
    layer, other = torch.nn.Linear(2, 2), paddle.nn.Linear(2, 2)
    assert not hasattr(layer, "register_forward_post_hook")
    assert type(other).register_forward_hook is type(other).register_forward_post_hook
    for register, call in [
        (layer.register_forward_hook, lambda: layer(torch.ones(1, 2))),
        (other.register_forward_post_hook, lambda: other(paddle.ones([1, 2]))),
    ]:
        seen = []
        handle = register(lambda layer, inputs, output, seen=seen: seen.append(output))
        plain = call()
        assert len(seen) == 1 and np.allclose(seen[0].tolist(), plain.tolist())
        handle.remove()
        handle = register(lambda layer, inputs, output: output * 0)
        assert not np.any(call().tolist())
        handle.remove()
        assert np.allclose(call().tolist(), plain.tolist()) and len(seen) == 1


def test_batch_normalisation_of_a_single_picture_in_training_mode():
    values = np.array([[1.0, 2.0, 3.0]], dtype="float32")
    with pytest.raises(ValueError, match="Expected more than 1 value per channel"):
        torch.nn.BatchNorm1d(3)(torch.tensor(values))
    layer = paddle.nn.BatchNorm1D(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert layer(paddle.to_tensor(values)).tolist() == values.tolist()


def test_autocast_and_scaler_on_the_cpu_work_in_torch_and_do_nothing_in_paddle():
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.nn.Linear(4, 3)(torch.ones(2, 4)).dtype is torch.bfloat16
    scaler = torch.amp.GradScaler("cpu", init_scale=1024)
    assert scaler.is_enabled() and scaler.scale(torch.tensor([2.0])).item() == 2048
    paddle.set_device("cpu")
    with pytest.warns(UserWarning, match="no effect"), paddle.amp.auto_cast(dtype="bfloat16"):
        assert paddle.nn.Linear(4, 3)(paddle.ones([2, 4])).dtype == paddle.float32
    with pytest.warns(UserWarning, match="no effect"):
        scaler = paddle.amp.GradScaler(init_loss_scaling=1024)
    assert not scaler.is_enable() and scaler.scale(paddle.to_tensor([2.0])).item() == 2


def test_the_order_in_memory_belongs_to_the_tensor_in_torch_and_to_the_layer_in_paddle():
    usual = torch.rand(2, 8, 5, 5)
    last = usual.to(memory_format=torch.channels_last)
    assert last.shape == usual.shape and last.stride() == (200, 1, 40, 8)
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        last.view(len(last), -1)
    assert torch.equal(last.flatten(1), usual.flatten(1))
    layer = paddle.nn.Conv2D(8, 4, 3, data_format="NHWC")
    assert layer(paddle.to_tensor(usual.permute(0, 2, 3, 1).numpy())).shape == [2, 3, 3, 4]


def test_ddp_wants_a_process_group_and_paddles_wrapper_does_not():
    with pytest.raises(ValueError, match="init_process_group"):
        torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(3, 2))
    assert torch.nn.DataParallel(torch.nn.Linear(3, 2))(torch.ones(1, 3)).shape == (1, 2)
    layer = paddle.nn.Linear(3, 2)
    wrapped = paddle.DataParallel(layer)
    wrapped(paddle.ones([1, 3])).sum().backward()
    assert layer.weight.grad is not None and not paddle.distributed.is_initialized()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("launcher", "rank", "world"),
    [
        (["torch.distributed.run", "--standalone"], "RANK", "WORLD_SIZE"),
        (["paddle.distributed.launch", "--backend", "gloo"], "PADDLE_TRAINER_ID", "PADDLE_TRAINERS_NUM"),
    ],
)
def test_launchers_set_rank_and_number(launcher, rank, world, tmp_path):
    script = tmp_path / "show.py"
    names = f"os.environ['{rank}'], os.environ['{world}']"
    path = f"pathlib.Path('{tmp_path}', os.environ['{rank}'])"
    script.write_text(f"import os, pathlib\n{path}.write_text(' '.join([{names}]))")
    command = [sys.executable, "-m", *launcher, "--nproc_per_node", "2", str(script)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert [(tmp_path / name).read_text() for name in "01"] == ["0 2", "1 2"]


def test_align_corners_left_out_is_true_in_paddle_and_false_in_torch():
    theta = np.array([[[0.9, -0.2, 0.1], [0.2, 0.9, 0.0]]], dtype=np.float32)
    picture = np.random.default_rng(0).random((1, 1, 8, 8)).astype(np.float32)

    def in_paddle(**align):
        grid = paddle.nn.functional.affine_grid(paddle.to_tensor(theta), [1, 1, 8, 8], **align)
        return paddle.nn.functional.grid_sample(paddle.to_tensor(picture), grid, **align).numpy()

    def in_torch(**align):
        grid = torch.nn.functional.affine_grid(torch.from_numpy(theta), [1, 1, 8, 8], **align)
        return torch.nn.functional.grid_sample(torch.from_numpy(picture), grid, **align).numpy()

    with pytest.warns(UserWarning, match="align_corners"):
        silent = in_torch()
    np.testing.assert_allclose(silent, in_torch(align_corners=False), atol=1e-6)
    np.testing.assert_allclose(in_paddle(), in_paddle(align_corners=True), atol=1e-6)
    for align in (False, True):
        np.testing.assert_allclose(*(f(align_corners=align) for f in (in_torch, in_paddle)), atol=1e-5)
    assert abs(silent - in_paddle()).max() > 0.02


class Gift:
    """Makes a pickle that calls a function of the sender's choice."""

    def __reduce__(self):
        return print, ("it ran",)


def test_who_runs_what_a_pickle_says(tmp_path, capsys):
    torch.save({"weights": Gift()}, tmp_path / "gift.pt")
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "gift.pt")
    assert capsys.readouterr().out == ""
    torch.load(tmp_path / "gift.pt", weights_only=False)
    assert capsys.readouterr().out == "it ran\n"
    (tmp_path / "gift.pdparams").write_bytes(pickle.dumps({"weights": Gift()}))
    paddle.load(str(tmp_path / "gift.pdparams"))
    assert capsys.readouterr().out == "it ran\n", "Paddle refuses pickled calls now; mend the note"


def one_step(library, layer, optimizer, clear):
    layer(library.ones([1, 2])).sum().backward()
    optimizer.step()
    getattr(optimizer, clear)()


def test_names_of_the_optimizer_state():
    first, second = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    before, after = torch.optim.Adam(first.parameters()), torch.optim.Adam(second.parameters())
    one_step(torch, first, before, "zero_grad")
    assert list(before.state_dict()["state"]) == [0, 1]
    assert set(before.state_dict()["state"][0]) == {"step", "exp_avg", "exp_avg_sq"}
    after.load_state_dict(before.state_dict())
    one_step(torch, second, after, "zero_grad")
    assert after.state_dict()["state"][0]["step"] == 2

    first, second = paddle.nn.Linear(2, 2), paddle.nn.Linear(2, 2)
    before, after = (paddle.optimizer.Adam(parameters=layer.parameters()) for layer in (first, second))
    one_step(paddle, first, before, "clear_grad")
    assert f"{first.weight.name}_moment1_0" in before.state_dict() and first.weight.name != second.weight.name
    after.set_state_dict(before.state_dict())  # says nothing yet
    with pytest.raises(AssertionError, match="should in state dict"):
        one_step(paddle, second, after, "clear_grad")
