"""What the notes "PyTorch ↔ Paddle" of the chapter training claim."""

import paddle
import pytest
import torch

NOTES = {  # lesson -> how many of its notes are tested here
    "training/deployment": 2,
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
