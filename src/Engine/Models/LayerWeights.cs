using Orrery.Engine.Gguf;
using Orrery.Engine.Kernels;
using Orrery.Engine.Threads;

namespace Orrery.Engine.Models;

/// <summary>One layer's matrices, repacked for the kernels; norms and biases are those of <see cref="Tensors"/>.</summary>
internal sealed class LayerWeights : IDisposable
{
    public LayerWeights(LayerTensors tensors, ModelConfig config, WeightLoader loader)
    {
        Tensors = tensors;
        QueryKeyValue = loader.Load([.. tensors.QueryKeyValue]);
        AttentionOutput = loader.Load(tensors.AttentionOutput);
        if (tensors.Router is null)
        {
            GateUp = loader.Load([.. tensors.GateUp]);
            Down = loader.Load(tensors.Down);
            return;
        }
        Router = loader.Load(tensors.Router);
        Experts = new ExpertWeights[config.Experts];
        for (int i = 0; i < Experts.Length; i++) Experts[i] = new ExpertWeights(loader.LoadExpert(i, config.Experts, [.. tensors.GateUp]), loader.LoadExpert(i, config.Experts, tensors.Down));
        foreach (GgufTensor tensor in tensors.GateUp) tensor.Release();
        tensors.Down.Release();
    }

    public LayerTensors Tensors { get; }

    public WeightStack QueryKeyValue { get; }

    public WeightStack AttentionOutput { get; }

    /// <summary>Null in a mixture of experts, like <see cref="Down"/>.</summary>
    public WeightStack? GateUp { get; }

    public WeightStack? Down { get; }

    /// <summary>Null without experts, like <see cref="Experts"/>.</summary>
    public WeightStack? Router { get; }

    public ExpertWeights[]? Experts { get; }

    public long ByteCount => All.Sum(stack => stack.ByteCount);

    public IEnumerable<WeightStack> All
    {
        get
        {
            WeightStack?[] single = [QueryKeyValue, AttentionOutput, GateUp, Down, Router];
            return single.OfType<WeightStack>().Concat((Experts ?? []).SelectMany(expert => new[] { expert.GateUp, expert.Down }));
        }
    }

    public void Dispose()
    {
        foreach (WeightStack stack in All) stack.Dispose();
    }
}

/// <summary>The feed-forward matrices of one expert.</summary>
internal sealed record ExpertWeights(WeightStack GateUp, WeightStack Down);

/// <summary>Matrices whose outputs follow one another: one matrix where their types agree, several where they differ.</summary>
internal sealed unsafe class WeightStack(IReadOnlyList<WeightMatrix> parts) : IDisposable
{
    public int Rows { get; } = parts.Sum(part => part.Rows);

    public long ByteCount => parts.Sum(part => part.ByteCount);

    public IReadOnlyList<WeightMatrix> Parts => parts;

    /// <summary>y = W x, or added to what is there; see <see cref="MatrixProduct.Multiply"/>.</summary>
    public void Multiply(MatrixProduct product, Activations x, float* y, int stride, bool add = false)
    {
        for (int i = 0; i < parts.Count; i++)
        {
            product.Multiply(parts[i], x, y, stride, add);
            y += parts[i].Rows;
        }
    }

    /// <summary>Decodes one row of the first matrix.</summary>
    public void DecodeRow(int row, Span<float> values) => parts[0].DecodeRow(row, values);

    public void Dispose()
    {
        foreach (WeightMatrix part in parts) part.Dispose();
    }
}

/// <summary>Repacks tensors, on all threads.</summary>
internal sealed unsafe class WeightLoader(WorkerPool pool, InstructionSet? instructions)
{
    public WeightStack Load(params ReadOnlySpan<GgufTensor> tensors)
    {
        StoredMatrix[] sources = new StoredMatrix[tensors.Length];
        for (int i = 0; i < sources.Length; i++) sources[i] = new StoredMatrix(tensors[i].Type, tensors[i].Data, tensors[i].Rows, tensors[i].Columns);
        WeightStack stack = Stack(sources);
        foreach (GgufTensor tensor in tensors) tensor.Release();
        return stack;
    }

    /// <summary>One expert's share of tensors that hold all experts one after the other.</summary>
    public WeightStack LoadExpert(int expert, int experts, params ReadOnlySpan<GgufTensor> tensors)
    {
        StoredMatrix[] sources = new StoredMatrix[tensors.Length];
        for (int i = 0; i < sources.Length; i++)
        {
            GgufTensor tensor = tensors[i];
            int rows = tensor.Rows / experts;
            sources[i] = new StoredMatrix(tensor.Type, tensor.Data + (tensor.ByteCount / experts * expert), rows, tensor.Columns);
        }
        return Stack(sources);
    }

    private WeightStack Stack(StoredMatrix[] sources)
    {
        if (WeightMatrix.CanStack(sources)) return new WeightStack([WeightMatrix.Stack(sources, pool, instructions)]);
        List<WeightMatrix> parts = [];
        try
        {
            foreach (StoredMatrix source in sources) parts.Add(WeightMatrix.Repack(source, pool, instructions));
        }
        catch
        {
            foreach (WeightMatrix part in parts) part.Dispose();
            throw;
        }
        return new WeightStack(parts);
    }
}
