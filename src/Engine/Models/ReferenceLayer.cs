using Orrery.Engine.Gguf;

namespace Orrery.Engine.Models;

/// <summary>One layer's weights as plain numbers, rows one after the other.</summary>
internal sealed class ReferenceLayer(LayerTensors tensors)
{
    public LayerTensors Tensors { get; } = tensors;

    public float[] QueryKeyValue { get; } = Joined(tensors.QueryKeyValue);

    public float[] AttentionOutput { get; } = tensors.AttentionOutput.ToSingles();

    /// <summary>Gate rows, then up rows; with experts, all gates, then all ups.</summary>
    public float[] GateUp { get; } = Joined(tensors.GateUp);

    public float[] Down { get; } = tensors.Down.ToSingles();

    public float[]? Router { get; } = tensors.Router?.ToSingles();

    private static float[] Joined(IReadOnlyList<GgufTensor> tensors) => [.. tensors.SelectMany(tensor => tensor.ToSingles())];
}
