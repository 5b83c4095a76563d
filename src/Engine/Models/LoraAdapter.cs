using System.Text.RegularExpressions;
using Orrery.Engine.Gguf;
using Orrery.Kernel;

namespace Orrery.Engine.Models;

/// <summary>Products that an adapter can change.</summary>
internal enum AdapterSlot
{
    QueryKeyValue,
    AttentionOutput,
    GateUp,
    Down,
    Output,
}

/// <summary>Output rows [<paramref name="FirstRow"/>, + <paramref name="Rows"/>) of a product change by <paramref name="Scale"/> · B (A x).</summary>
/// <param name="FirstRow">Of the product's outputs.</param>
/// <param name="Rows">Outputs that change.</param>
/// <param name="Columns">Inputs.</param>
/// <param name="Rank">Numbers between A and B.</param>
/// <param name="Scale">Alpha over rank, times the strength asked for.</param>
/// <param name="Down">A: [rank, columns].</param>
/// <param name="Up">B, transposed: [rank, rows].</param>
internal sealed record LoraPatch(int FirstRow, int Rows, int Columns, int Rank, float Scale, float[] Down, float[] Up);

/// <summary>A small file that changes a model's weights by products of two thin matrices, added while it runs: W x + s B (A x).</summary>
/// <remarks>Source: Hu et al. 2021 (LoRA), section 4.1: s = alpha / rank (b); tensor names and keys as llama.cpp's converter writes them (b).</remarks>
public sealed partial class LoraAdapter
{
    private const string AlphaKey = "adapter.lora.alpha";
    private const string DownSuffix = ".lora_a";
    private const string UpSuffix = ".lora_b";
    private const int Slots = (int)AdapterSlot.Output + 1;
    private readonly List<LoraPatch>[] _patches;

    private LoraAdapter(string name, int layers)
    {
        Name = name;
        _patches = new List<LoraPatch>[layers * Slots];
        for (int i = 0; i < _patches.Length; i++) _patches[i] = [];
    }

    /// <summary>The file's name.</summary>
    public string Name { get; }

    /// <summary>Reads an adapter for a model; the file may be closed afterwards.</summary>
    /// <param name="file">The adapter.</param>
    /// <param name="config">The model that it will change.</param>
    /// <param name="strength">Multiplies the change; 1 is what it was trained for.</param>
    /// <exception cref="InputException">No adapter, one for another architecture, or tensors that do not fit the model.</exception>
    public static LoraAdapter Open(GgufFile file, ModelConfig config, float strength = 1f)
    {
        if (file.Metadata.Text("general.type") is { } kind && kind != "adapter") throw new InputException($"{file.Name}: this is a {kind}, not an adapter; give a LoRA adapter in GGUF form");
        if (file.Metadata.Text("adapter.type") is { } type && type != "lora") throw new InputException($"{file.Name}: adapters of type '{type}' are not supported; give one of type lora");
        if (file.Metadata.Text("general.architecture") is { } architecture && architecture != config.Architecture)
            throw new InputException($"{file.Name}: this adapter is for {architecture} models, {config.FileName} is a {config.Architecture} model");
        double alpha = file.Metadata.Number(AlphaKey) ?? 0;
        if (!double.IsFinite(alpha) || !float.IsFinite(strength)) throw new InputException($"{file.Name}: key '{AlphaKey}' must be a finite number");
        var adapter = new LoraAdapter(file.Name, config.Layers);
        foreach (GgufTensor down in file.Tensors)
        {
            if (down.Name.EndsWith(UpSuffix, StringComparison.Ordinal))
            {
                if (file.Find(down.Name[..^UpSuffix.Length] + DownSuffix) is null) throw new InputException($"{file.Name}: tensor '{down.Name}' has no partner '{down.Name[..^UpSuffix.Length]}{DownSuffix}'");
                continue;
            }
            if (!down.Name.EndsWith(DownSuffix, StringComparison.Ordinal)) throw new InputException($"{file.Name}: tensor '{down.Name}' is no part of a LoRA adapter, whose tensors end in {DownSuffix} and {UpSuffix}");
            adapter.Add(file, down, config, (float)alpha, strength);
        }
        if (adapter._patches.All(patches => patches.Count == 0)) throw new InputException($"{file.Name}: there are no tensors in this adapter; give a LoRA adapter in GGUF form");
        return adapter;
    }

    internal List<LoraPatch> PatchesOf(int layer, AdapterSlot slot) => _patches[(layer * Slots) + (int)slot];

    private void Add(GgufFile file, GgufTensor down, ModelConfig config, float alpha, float strength)
    {
        string target = down.Name[..^DownSuffix.Length];
        GgufTensor up = file.Find(target + UpSuffix) ?? throw new InputException($"{file.Name}: tensor '{down.Name}' has no partner '{target}{UpSuffix}'");
        (int layer, AdapterSlot slot, int firstRow, int rows, int columns) = Place(file.Name, target, config);
        int rank = down.Rows;
        if (down.Columns != columns || up.Rows != rows || up.Columns != rank)
        {
            throw new InputException($"{file.Name}: the tensors of '{target}' have the shapes {down.Columns} x {down.Rows} and {up.Columns} x {up.Rows}; "
                + $"they must be {columns} x rank and rank x {rows} to fit {config.FileName}");
        }
        float scale = strength * (alpha > 0f ? alpha / rank : 1f);
        _patches[(layer * Slots) + (int)slot].Add(new LoraPatch(firstRow, rows, columns, rank, scale, down.ToSingles(), Transposed(up.ToSingles(), rows, rank)));
    }

    /// <summary>Which outputs of which product a tensor's name means.</summary>
    private static (int Layer, AdapterSlot Slot, int FirstRow, int Rows, int Columns) Place(string fileName, string target, ModelConfig c)
    {
        if (target == TensorNames.Output) return (0, AdapterSlot.Output, 0, c.Vocabulary, c.Width);
        Match match = LayerTensor().Match(target);
        if (match.Success && int.TryParse(match.Groups[1].ValueSpan, out int layer) && layer < c.Layers)
        {
            bool isDense = c.Experts == 0;
            switch (match.Groups[2].Value)
            {
                case TensorNames.Query: return (layer, AdapterSlot.QueryKeyValue, 0, c.QueryRows, c.Width);
                case TensorNames.Key: return (layer, AdapterSlot.QueryKeyValue, c.QueryRows, c.KeyRows, c.Width);
                case TensorNames.Value: return (layer, AdapterSlot.QueryKeyValue, c.QueryRows + c.KeyRows, c.ValueRows, c.Width);
                case TensorNames.QueryKeyValue: return (layer, AdapterSlot.QueryKeyValue, 0, c.QueryKeyValueRows, c.Width);
                case TensorNames.AttentionOutput: return (layer, AdapterSlot.AttentionOutput, 0, c.Width, c.AttendedWidth);
                case TensorNames.Up when isDense && c.Family.FusedTensors: return (layer, AdapterSlot.GateUp, 0, 2 * c.FeedForward, c.Width);
                case TensorNames.Gate when isDense: return (layer, AdapterSlot.GateUp, 0, c.FeedForward, c.Width);
                case TensorNames.Up when isDense: return (layer, AdapterSlot.GateUp, c.FeedForward, c.FeedForward, c.Width);
                case TensorNames.Down when isDense: return (layer, AdapterSlot.Down, 0, c.Width, c.FeedForward);
                default: break;
            }
        }
        throw new InputException($"{fileName}: '{target}' cannot be changed by an adapter in {c.FileName}, a {c.Architecture} model of {c.Layers} layers; "
            + "supported are the matrices of attention, of dense feed-forward layers and of the output");
    }

    private static float[] Transposed(float[] matrix, int rows, int columns)
    {
        float[] transposed = new float[matrix.Length];
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < columns; c++) transposed[(c * rows) + r] = matrix[(r * columns) + c];
        return transposed;
    }

    [GeneratedRegex(@"^blk\.([0-9]{1,4})\.([a-z_]+)\.weight$")]
    private static partial Regex LayerTensor();
}
