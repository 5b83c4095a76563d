using Orrery.Engine.Attention;
using Orrery.Engine.Gguf;
using Orrery.Kernel;

namespace Orrery.Engine.Models;

/// <summary>Everything about a model but its weights, read from the keys of its file and checked.</summary>
public sealed record ModelConfig
{
    /// <summary>The file's name, for messages.</summary>
    public required string FileName { get; init; }

    public required ModelFamily Family { get; init; }

    /// <summary>The architecture's name as the file has it.</summary>
    public string Architecture => Family.Name;

    public required int Layers { get; init; }

    /// <summary>Numbers of one token's state between layers.</summary>
    public required int Width { get; init; }

    public required int Heads { get; init; }

    /// <summary>Key and value heads; a divisor of <see cref="Heads"/>.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Numbers of one query or key head.</summary>
    public required int KeySize { get; init; }

    /// <summary>Numbers of one value head.</summary>
    public required int ValueSize { get; init; }

    /// <summary>Width of the gated layer; of one expert's when there are experts.</summary>
    public required int FeedForward { get; init; }

    /// <summary>Tokens of the vocabulary: rows of the embedding.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Longest sequence, tokens, that the model was made for.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Turning of the layers that see the whole context.</summary>
    public required RotarySettings Rope { get; init; }

    /// <summary>Turning of the layers with a window; differs only in gemma3.</summary>
    public required RotarySettings LocalRope { get; init; }

    /// <summary>Added to the mean square before the root in every norm.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>Multiplies the product of query and key.</summary>
    public required float AttentionScale { get; init; }

    /// <summary>c of c · tanh(score / c), applied to attention scores; 0 for none.</summary>
    public float AttentionSoftCap { get; init; }

    /// <summary>The same for the logits; 0 for none.</summary>
    public float LogitSoftCap { get; init; }

    /// <summary>Multiplies token embeddings.</summary>
    public float EmbeddingScale { get; init; } = 1f;

    /// <summary>Per layer: how many of the latest positions, its own included, a token sees; 0 for all.</summary>
    public required IReadOnlyList<int> Windows { get; init; }

    /// <summary>Experts of each feed-forward layer; 0 when it is dense.</summary>
    public int Experts { get; init; }

    /// <summary>Experts that each token uses.</summary>
    public int ExpertsUsed { get; init; }

    public int QueryRows => Heads * KeySize;

    public int KeyRows => KvHeads * KeySize;

    public int ValueRows => KvHeads * ValueSize;

    /// <summary>Rows of query, key and value together.</summary>
    public int QueryKeyValueRows => QueryRows + KeyRows + ValueRows;

    /// <summary>Numbers that attention gives per token.</summary>
    public int AttendedWidth => Heads * ValueSize;

    /// <summary>What one token leaves in the key-value memory.</summary>
    public KvShape KvShape => new(Layers, KvHeads, KeySize, ValueSize);

    public RotarySettings RopeOf(int layer) => Windows[layer] > 0 ? LocalRope : Rope;

    /// <param name="file">A model.</param>
    /// <param name="contextLength">Tokens that sequences will reach, where that chooses between short and long rotary factors; null for the model's longest.</param>
    /// <exception cref="InputException">An architecture or value that this engine cannot run; the sentence names file and key.</exception>
    public static ModelConfig Read(GgufFile file, int? contextLength = null) => new ModelConfigReader(file).Read(contextLength);

    /// <summary>Reads a model's keys and holds all its tensors against them, without reading their matrices.</summary>
    /// <exception cref="InputException">The first thing that keeps this engine from running the model.</exception>
    public static void Check(GgufFile file) => ModelTensors.Find(file, Read(file));
}
