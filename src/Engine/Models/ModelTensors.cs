using Orrery.Engine.Gguf;
using Orrery.Kernel;

namespace Orrery.Engine.Models;

/// <summary>Finds every tensor a model needs and checks its shape before anything reads it.</summary>
internal sealed class ModelTensors
{
    private const int MostNamed = 3;
    private readonly GgufFile _file;
    private readonly ModelConfig _config;
    private readonly HashSet<string> _used = [TensorNames.RopeFactors, TensorNames.RopeLongFactors, TensorNames.RopeShortFactors];

    private ModelTensors(GgufFile file, ModelConfig config)
    {
        _file = file;
        _config = config;
        Embedding = Matrix(TensorNames.Embedding, config.Width, config.Vocabulary);
        FinalNorm = Vector(TensorNames.FinalNorm, config.Width);
        // Without an output tensor the embedding serves for both.
        Output = file.Find(TensorNames.Output) is null ? Embedding : Matrix(TensorNames.Output, config.Width, config.Vocabulary);
        var layers = new List<LayerTensors>();
        for (int i = 0; i < config.Layers; i++) layers.Add(Layer(i));
        Layers = layers;
        RefuseUnknown();
    }

    public GgufTensor Embedding { get; }

    public float[] FinalNorm { get; }

    public GgufTensor Output { get; }

    public bool IsTied => ReferenceEquals(Output, Embedding);

    public IReadOnlyList<LayerTensors> Layers { get; }

    /// <exception cref="InputException">A tensor is missing, has another shape, or is none that this architecture has.</exception>
    public static ModelTensors Find(GgufFile file, ModelConfig config) => new(file, config);

    private LayerTensors Layer(int i)
    {
        ModelConfig c = _config;
        ModelFamily family = c.Family;
        float[]? Norm(bool wanted, string part, int count) => wanted ? Vector(TensorNames.Weight(i, part), count) : null;
        return new LayerTensors
        {
            AttentionNorm = Vector(TensorNames.Weight(i, TensorNames.AttentionNorm), c.Width),
            QueryKeyValue = QueryKeyValue(i),
            QueryKeyValueBias = QueryKeyValueBias(i),
            QueryNorm = Norm(family.HeadNorms, TensorNames.QueryNorm, c.KeySize),
            KeyNorm = Norm(family.HeadNorms, TensorNames.KeyNorm, c.KeySize),
            AttentionOutput = Matrix(TensorNames.Weight(i, TensorNames.AttentionOutput), c.AttendedWidth, c.Width),
            AttentionOutputBias = OptionalVector(TensorNames.Bias(i, TensorNames.AttentionOutput), c.Width),
            AttentionPostNorm = Norm(family.PostNorms, TensorNames.AttentionPostNorm, c.Width),
            FeedForwardNorm = Vector(TensorNames.Weight(i, TensorNames.FeedForwardNorm), c.Width),
            GateUp = GateUp(i),
            GateUpBias = c.Experts > 0 || family.FusedTensors ? null : Joined((TensorNames.Bias(i, TensorNames.Gate), c.FeedForward), (TensorNames.Bias(i, TensorNames.Up), c.FeedForward)),
            Down = c.Experts > 0
                ? Experts(TensorNames.Weight(i, TensorNames.ExpertDowns), c.FeedForward, c.Width)
                : Matrix(TensorNames.Weight(i, TensorNames.Down), c.FeedForward, c.Width),
            DownBias = c.Experts > 0 ? null : OptionalVector(TensorNames.Bias(i, TensorNames.Down), c.Width),
            FeedForwardPostNorm = Norm(family.PostNorms, TensorNames.FeedForwardPostNorm, c.Width),
            Router = c.Experts > 0 ? Matrix(TensorNames.Weight(i, TensorNames.Router), c.Width, c.Experts) : null,
        };
    }

    private GgufTensor[] QueryKeyValue(int i) => _config.Family.FusedTensors && _file.Find(TensorNames.Weight(i, TensorNames.QueryKeyValue)) is not null
        ? [Matrix(TensorNames.Weight(i, TensorNames.QueryKeyValue), _config.Width, _config.QueryKeyValueRows)]
        :
        [
            Matrix(TensorNames.Weight(i, TensorNames.Query), _config.Width, _config.QueryRows),
            Matrix(TensorNames.Weight(i, TensorNames.Key), _config.Width, _config.KeyRows),
            Matrix(TensorNames.Weight(i, TensorNames.Value), _config.Width, _config.ValueRows),
        ];

    private float[]? QueryKeyValueBias(int i)
    {
        string[] names = [TensorNames.Bias(i, TensorNames.Query), TensorNames.Bias(i, TensorNames.Key), TensorNames.Bias(i, TensorNames.Value)];
        if (_config.Family.InputBiases && names.FirstOrDefault(name => _file.Find(name) is null) is { } missing) throw Missing(missing);
        return OptionalVector(TensorNames.Bias(i, TensorNames.QueryKeyValue), _config.QueryKeyValueRows)
            ?? Joined((names[0], _config.QueryRows), (names[1], _config.KeyRows), (names[2], _config.ValueRows));
    }

    private GgufTensor[] GateUp(int i)
    {
        ModelConfig c = _config;
        if (c.Experts > 0) return [Experts(TensorNames.Weight(i, TensorNames.ExpertGates), c.Width, c.FeedForward), Experts(TensorNames.Weight(i, TensorNames.ExpertUps), c.Width, c.FeedForward)];
        if (c.Family.FusedTensors) return [Matrix(TensorNames.Weight(i, TensorNames.Up), c.Width, checked(2 * c.FeedForward))];
        return [Matrix(TensorNames.Weight(i, TensorNames.Gate), c.Width, c.FeedForward), Matrix(TensorNames.Weight(i, TensorNames.Up), c.Width, c.FeedForward)];
    }

    private GgufTensor Matrix(string name, int columns, int rows) => Shaped(name, columns, rows);

    private GgufTensor Experts(string name, int columns, int rows) => Shaped(name, columns, rows, _config.Experts);

    private float[] Vector(string name, int count) => Shaped(name, count).ToSingles();

    private float[]? OptionalVector(string name, int count) => _file.Find(name) is null ? null : Vector(name, count);

    /// <summary>Vectors one after the other, zeros for those that are missing; null when all are.</summary>
    private float[]? Joined(params ReadOnlySpan<(string Name, int Count)> parts)
    {
        int total = 0;
        bool any = false;
        foreach ((string name, int count) in parts)
        {
            total = checked(total + count);
            any |= _file.Find(name) is not null;
        }
        if (!any) return null;
        float[] joined = new float[total];
        int at = 0;
        foreach ((string name, int count) in parts)
        {
            OptionalVector(name, count)?.CopyTo(joined, at);
            at += count;
        }
        return joined;
    }

    private GgufTensor Shaped(string name, params ReadOnlySpan<int> expected)
    {
        GgufTensor tensor = _file.Find(name) ?? throw Missing(name);
        tensor.RequireSupported();
        bool fits = tensor.Dimensions.Count >= expected.Length;
        for (int i = 0; fits && i < tensor.Dimensions.Count; i++) fits = tensor.Dimensions[i] == (i < expected.Length ? expected[i] : 1);
        if (!fits)
            throw new InputException($"{_file.Name}: tensor '{name}' has the shape {string.Join(" x ", tensor.Dimensions)}; the file's keys ask for {string.Join(" x ", expected.ToArray())}");
        _used.Add(name);
        return tensor;
    }

    private InputException Missing(string name) =>
        new($"{_file.Name}: tensor '{name}' is missing, which a {_config.Architecture} model of {_config.Layers} layers needs; give a complete model file");

    /// <summary>A tensor that nothing uses would mean arithmetic that this engine does not do: better an error than wrong words.</summary>
    private void RefuseUnknown()
    {
        string[] unknown = [.. _file.Tensors.Select(tensor => tensor.Name).Where(name => !_used.Contains(name))];
        if (unknown.Length == 0) return;
        string more = unknown.Length > MostNamed ? $" and {unknown.Length - MostNamed} more" : "";
        throw new InputException($"{_file.Name}: {string.Join(", ", unknown.Take(MostNamed).Select(name => $"'{name}'"))}{more} cannot be used in a {_config.Architecture} model of {_config.Layers} layers; "
            + "this variant of the architecture is not supported");
    }
}
