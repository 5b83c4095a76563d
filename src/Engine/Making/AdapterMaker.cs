using Orrery.Engine.Gguf;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Making;

/// <summary>Makes low-rank adapters with random weights for a model: y += (alpha / rank) B (A x).</summary>
/// <remarks>Source: LoRA (Hu et al. 2021, equation 3, b); keys and tensor names as llama.cpp's adapter converter writes them (b).</remarks>
public static class AdapterMaker
{
    /// <summary>Matrices that adapters change.</summary>
    private static readonly string[] Targets =
        ["attn_q.weight", "attn_k.weight", "attn_v.weight", "attn_qkv.weight", "attn_output.weight", "ffn_gate.weight", "ffn_up.weight", "ffn_down.weight"];

    /// <summary>An adapter's file in memory.</summary>
    /// <param name="model">The model that it is for.</param>
    /// <param name="rank">Columns of B and rows of A.</param>
    /// <param name="alpha">Strength: the product is scaled by alpha / rank.</param>
    /// <param name="seed">Of all numbers.</param>
    /// <param name="pool">Threads that share the work.</param>
    public static byte[] ToImage(GgufFile model, int rank, float alpha, ulong seed, WorkerPool pool)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rank);
        GgufWriter writer = new GgufWriter()
            .Set("general.architecture", model.Metadata.RequireText("general.architecture")).Set("general.type", "adapter")
            .Set("adapter.type", "lora").Set("adapter.lora.alpha", alpha);
        RandomStream root = RandomStream.Root(seed).Split("adapter");
        foreach (GgufTensor tensor in model.Tensors)
        {
            if (tensor.Dimensions.Count != 2 || !Targets.Any(target => tensor.Name.EndsWith("." + target, StringComparison.Ordinal))) continue;
            Add(writer, new(tensor.Name + ".lora_a", TensorType.F32, [tensor.Columns, rank], 0, 1 / MathF.Sqrt(tensor.Columns)), root, pool);
            Add(writer, new(tensor.Name + ".lora_b", TensorType.F32, [rank, tensor.Rows], 0, 1 / MathF.Sqrt(rank)), root, pool);
        }
        using var stream = new MemoryStream();
        writer.Write(stream);
        return stream.ToArray();
    }

    private static void Add(GgufWriter writer, TensorPlan plan, RandomStream root, WorkerPool pool) =>
        writer.AddTensor(plan.Name, plan.Type, plan.Dimensions, stream => RandomRows.Write(plan, root, pool, stream, CancellationToken.None));
}
