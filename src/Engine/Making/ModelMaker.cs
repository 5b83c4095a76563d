using Orrery.Engine.Gguf;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;
using Orrery.Kernel;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Making;

/// <summary>What model to make.</summary>
/// <param name="Architecture">Which tensors it has.</param>
/// <param name="Shape">How large they are.</param>
/// <param name="Type">How matrices are stored; vectors and routers are always F32.</param>
/// <param name="Seed">Of all numbers.</param>
public sealed record ModelRecipe(MadeArchitecture Architecture, ModelShape Shape, TensorType Type, ulong Seed);

/// <summary>Makes models with random weights: the speed of an engine does not depend on what the weights say, and tests need models of every kind.</summary>
public sealed class ModelMaker
{
    private readonly ModelRecipe _recipe;
    private readonly List<TensorPlan> _tensors;

    /// <exception cref="InputException">The sizes of the shape contradict each other.</exception>
    public ModelMaker(ModelRecipe recipe)
    {
        _recipe = recipe;
        ModelShape shape = recipe.Shape;
        if (shape.Vocabulary < MadeVocabulary.LeastTokens)
            throw new InputException($"shape {shape.Name}: a vocabulary of {shape.Vocabulary} tokens is too small, because all bytes and letters take {MadeVocabulary.LeastTokens}; raise it");
        if (shape.Heads % shape.KvHeads != 0) throw new InputException($"shape {shape.Name}: {shape.Heads} heads cannot share {shape.KvHeads} key/value heads; take a divisor");
        _tensors = new MadeTensors(recipe).List();
    }

    /// <summary>Numbers in all tensors.</summary>
    public long Parameters => _tensors.Sum(tensor => tensor.Elements);

    /// <summary>What is stored otherwise than asked for, in sentences; empty where all matrices fit.</summary>
    public IReadOnlyList<string> Notes =>
    [
        .. _tensors.Where(tensor => tensor.Dimensions.Count > 1 && tensor.Type != _recipe.Type && !tensor.Name.EndsWith(MadeTensors.RouterSuffix, StringComparison.Ordinal))
            .GroupBy(tensor => (tensor.Type, tensor.Columns))
            .Select(group => $"{group.Count()} tensors with rows of {group.Key.Columns} numbers are stored as {group.Key.Type}: their rows are no multiple of the {_recipe.Type.BlockElements()} numbers of a {_recipe.Type} block"),
    ];

    /// <summary>Writes the model; the file appears when it is whole.</summary>
    /// <exception cref="InputException">The file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Stopped; nothing is left.</exception>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <param name="pool">Threads that share the work.</param>
    /// <param name="progress">Told how many of the tensors are written, and how many there are.</param>
    /// <param name="stop">Ends the work.</param>
    public void Write(string path, WorkerPool pool, Action<int, int>? progress = null, CancellationToken stop = default) => Describe(pool, progress, stop).Write(path, stop);

    /// <summary>The model's file in memory, for small ones.</summary>
    public byte[] ToImage(WorkerPool pool)
    {
        using var stream = new MemoryStream();
        Describe(pool, progress: null, CancellationToken.None).Write(stream);
        return stream.ToArray();
    }

    private GgufWriter Describe(WorkerPool pool, Action<int, int>? progress, CancellationToken stop)
    {
        var writer = new GgufWriter();
        MadeMetadata.Write(_recipe, writer);
        RandomStream root = RandomStream.Root(_recipe.Seed).Split("weights");
        for (int i = 0; i < _tensors.Count; i++)
        {
            TensorPlan tensor = _tensors[i];
            int done = i + 1;
            writer.AddTensor(tensor.Name, tensor.Type, tensor.Dimensions, stream =>
            {
                RandomRows.Write(tensor, root, pool, stream, stop);
                progress?.Invoke(done, _tensors.Count);
            });
        }
        return writer;
    }
}
