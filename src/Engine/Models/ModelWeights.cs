using Orrery.Engine.Gguf;
using Orrery.Engine.Kernels;
using Orrery.Engine.Threads;

namespace Orrery.Engine.Models;

/// <summary>All matrices of a model, repacked; nothing of the file is needed afterwards.</summary>
internal sealed class ModelWeights : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    public ModelWeights(GgufFile file, ModelConfig config, WorkerPool pool, InstructionSet? instructions)
    {
        ModelTensors tensors = ModelTensors.Find(file, config);
        var loader = new WeightLoader(pool, instructions);
        var layers = new List<LayerWeights>(config.Layers);
        FinalNorm = tensors.FinalNorm;
        Layers = layers;
        try
        {
            Embedding = Own(loader.Load(tensors.Embedding));
            Output = tensors.IsTied ? Embedding : Own(loader.Load(tensors.Output));
            foreach (LayerTensors layer in tensors.Layers) layers.Add(Own(new LayerWeights(layer, config, loader)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public WeightStack Embedding { get; }

    /// <summary>The embedding itself where the file has no output tensor.</summary>
    public WeightStack Output { get; }

    public float[] FinalNorm { get; }

    public IReadOnlyList<LayerWeights> Layers { get; }

    /// <summary>Bytes of all repacked matrices.</summary>
    public long ByteCount => Embedding.ByteCount + (ReferenceEquals(Output, Embedding) ? 0 : Output.ByteCount) + Layers.Sum(layer => layer.ByteCount);

    public void Dispose()
    {
        foreach (IDisposable part in _owned) part.Dispose();
        _owned.Clear();
    }

    private T Own<T>(T part)
        where T : IDisposable
    {
        _owned.Add(part);
        return part;
    }
}
