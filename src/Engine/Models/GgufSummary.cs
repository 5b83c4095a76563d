using Orrery.Engine.Gguf;
using Orrery.Engine.Tensors;
using Orrery.Kernel;

namespace Orrery.Engine.Models;

/// <summary>What a model file holds, in figures: for people who ask before they load.</summary>
public sealed class GgufSummary
{
    /// <summary>Bytes of a key or value number in a half-precision KV memory.</summary>
    private const int KvNumberBytes = 2;

    private readonly GgufMetadata _values;

    /// <exception cref="Kernel.InputException">A key has a value of another type than it must have.</exception>
    public GgufSummary(GgufFile file)
    {
        _values = file.Metadata;
        Architecture = _values.Text("general.architecture");
        Name = _values.Text("general.name");
        IsAdapter = _values.Text("general.type") == "adapter";
        Parameters = file.Tensors.Sum(tensor => tensor.Elements);
        Layers = Integer("block_count");
        Width = Integer("embedding_length");
        FeedForward = PerLayer("feed_forward_length")?.Max();
        Heads = PerLayer("attention.head_count")?.Max();
        KvHeads = (PerLayer("attention.head_count_kv") ?? PerLayer("attention.head_count"))?.Max();
        HeadSize = Integer("attention.key_length") ?? (Width is { } width && Heads is > 0 and { } heads ? width / heads : null);
        Experts = Integer("expert_count");
        ExpertsUsed = Integer("expert_used_count");
        Context = Integer("context_length");
        KvBytesPerToken = KvBytes();
        Tokenizer = _values.Text("tokenizer.ggml.model");
        Vocabulary = _values.Count("tokenizer.ggml.tokens");
        HasChatTemplate = _values.Contains("tokenizer.chat_template");
        Types =
        [
            .. file.Tensors.GroupBy(tensor => tensor.TypeName)
                .Select(group => new StoredShare(group.Key, group.Count(), group.Sum(tensor => tensor.Elements), group.Sum(tensor => tensor.ByteCount)))
                .OrderByDescending(share => share.Bytes).ThenBy(share => share.Type, StringComparer.Ordinal),
        ];
        NotSupported = [.. Gaps(file)];
    }

    public string? Architecture { get; }

    public string? Name { get; }

    /// <summary>True for a low-rank adapter, which needs a model beside it.</summary>
    public bool IsAdapter { get; }

    public long Parameters { get; }

    public long? Layers { get; }

    public long? Width { get; }

    public long? Heads { get; }

    public long? KvHeads { get; }

    public long? HeadSize { get; }

    public long? FeedForward { get; }

    public long? Experts { get; }

    public long? ExpertsUsed { get; }

    /// <summary>Tokens that the model was made to see.</summary>
    public long? Context { get; }

    /// <summary>Bytes of keys and values of one token in all layers, at half precision; null where the file does not say enough.</summary>
    public long? KvBytesPerToken { get; }

    public string? Tokenizer { get; }

    public long? Vocabulary { get; }

    public bool HasChatTemplate { get; }

    /// <summary>Tensors by how they are stored, largest share first.</summary>
    public IReadOnlyList<StoredShare> Types { get; }

    /// <summary>What keeps this library from running the model; empty where nothing does.</summary>
    public IReadOnlyList<string> NotSupported { get; }

    private long? Integer(string key) => _values.Integer($"{Architecture}.{key}");

    /// <summary>A value that may differ by layer.</summary>
    private long[]? PerLayer(string key)
    {
        string full = $"{Architecture}.{key}";
        if (_values.TypeOf(full) != GgufValueType.Array) return _values.Integer(full) is { } one ? [one] : null;
        int[] values = _values.Integers(full)!;
        return values.Length == 0 ? null : [.. values.Select(value => (long)value)];
    }

    private long? KvBytes()
    {
        long[]? heads = PerLayer("attention.head_count_kv") ?? PerLayer("attention.head_count");
        if (heads is null || HeadSize is not { } keySize || Layers is not { } layers) return null;
        // As doubles: a damaged header may claim numbers whose product no integer holds.
        double allHeads = heads.Length == 1 ? (double)heads[0] * layers : heads.Sum(count => (double)count);
        double bytes = allHeads * ((double)keySize + (Integer("attention.value_length") ?? keySize)) * KvNumberBytes;
        const double largest = 1L << 53;
        return bytes is >= 0 and <= largest ? (long)bytes : null;
    }

    /// <summary>What stands in the way of running the file: first what its names tell, then what the engine's own readers refuse.</summary>
    private IEnumerable<string> Gaps(GgufFile file)
    {
        string[] named = [.. NamedGaps(file)];
        if (named.Length > 0 || IsAdapter) return named;
        string?[] refused = [Refused(file, () => ModelTensors.Find(file, ModelConfig.Read(file))), Refused(file, () => Tokenizers.Tokenizer.Read(file.Metadata, file.Name))];
        return refused.OfType<string>();
    }

    private static string? Refused(GgufFile file, Func<object> read)
    {
        try
        {
            _ = read();
            return null;
        }
        catch (InputException problem)
        {
            string prefix = file.Name + ": ";
            return problem.Message.StartsWith(prefix, StringComparison.Ordinal) ? problem.Message[prefix.Length..] : problem.Message;
        }
    }

    private IEnumerable<string> NamedGaps(GgufFile file)
    {
        string[] architectures = [.. ModelFamily.All.Select(family => family.Name)];
        if (Architecture is null || !architectures.Contains(Architecture))
            yield return $"architecture {Architecture ?? "(none)"} (supported: {string.Join(", ", architectures)})";
        if (!IsAdapter && (Tokenizer is null || !Tokenizers.Tokenizer.Kinds.Contains(Tokenizer)))
            yield return $"tokenizer {Tokenizer ?? "(none)"} (supported: {string.Join(", ", Tokenizers.Tokenizer.Kinds)})";
        string[] types = [.. file.Tensors.Where(tensor => !tensor.IsSupported).Select(tensor => tensor.TypeName).Distinct()];
        if (types.Length > 0) yield return $"tensor type {string.Join(", ", types)} (supported: {string.Join(", ", TensorTypes.All)})";
    }
}

/// <summary>The tensors that are stored in one way.</summary>
/// <param name="Type">How.</param>
/// <param name="Tensors">How many tensors.</param>
/// <param name="Parameters">Numbers in them.</param>
/// <param name="Bytes">Bytes of their blocks; 0 where the type is unknown.</param>
public sealed record StoredShare(string Type, int Tensors, long Parameters, long Bytes);
