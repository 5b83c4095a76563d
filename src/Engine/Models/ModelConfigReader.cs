using Orrery.Engine.Attention;
using Orrery.Engine.Gguf;
using Orrery.Kernel;

namespace Orrery.Engine.Models;

/// <summary>Reads a <see cref="ModelConfig"/> from a file's keys: every value is checked before anything is computed with it.</summary>
/// <remarks>Keys and defaults as the GGUF documentation and llama.cpp (February to October 2025) have them (b).</remarks>
internal sealed class ModelConfigReader
{
    // Bounds far above every published model: what lies outside is a damaged or hostile file.
    private const int MostLayers = 1024;
    private const int MostWidth = 1 << 18;
    private const int MostHeads = 1 << 12;
    private const int MostHeadSize = 1 << 12;
    private const int MostContext = 1 << 28;
    private const int MostExperts = 1 << 12;
    private const double LargestEpsilon = 1;

    /// <summary>Gemma 2 report (2024), section 2: local layers see 4096 tokens, scores are capped at 50, logits at 30 (b).</summary>
    private const int Gemma2Window = 4096;
    private const float Gemma2ScoreCap = 50f;
    private const float Gemma2LogitCap = 30f;

    /// <summary>Every second layer of gemma2 and every sixth of gemma3 sees the whole context (Gemma 3 report, 2025, section 2 (b)).</summary>
    private const int Gemma2Period = 2;
    private const int Gemma3Period = 6;

    /// <summary>Layers of the 27B members, whose scores are scaled by width over heads instead of head size (same reports).</summary>
    private const int Gemma2LargeLayers = 46;
    private const int Gemma3LargeLayers = 62;

    /// <summary>Keys that change the arithmetic in ways that this engine does not compute; they may be present with a neutral value.</summary>
    private static readonly (string Key, double Neutral)[] Unsupported =
    [
        ("attention.max_alibi_bias", 0), ("attention.clamp_kqv", 0), ("logit_scale", 0), ("residual_scale", 0), ("expert_shared_count", 0), ("expert_gating_func", 1),
    ];

    private readonly GgufFile _file;
    private readonly GgufMetadata _metadata;
    private readonly ModelFamily _family;

    public ModelConfigReader(GgufFile file)
    {
        _file = file;
        _metadata = file.Metadata;
        const string key = "general.architecture";
        string name = _metadata.Text(key) ?? throw new InputException($"{file.Name}: key '{key}' is missing, so this is no model; give a GGUF file that holds a language model");
        _family = ModelFamily.Of(name, file.Name);
    }

    public ModelConfig Read(int? contextLength)
    {
        RefuseUnsupported();
        int layers = Count("block_count", MostLayers);
        int width = Count("embedding_length", MostWidth);
        int heads = Count("attention.head_count", MostHeads);
        int kvHeads = Count("attention.head_count_kv", MostHeads, heads);
        if (heads % kvHeads != 0) throw Wrong("attention.head_count_kv", $"is {kvHeads}", $"must divide the {heads} heads");
        bool sizeGiven = _metadata.Contains(Key("attention.key_length"));
        if (!sizeGiven && width % heads != 0) throw Wrong("attention.head_count", $"is {heads}", $"must divide the width {width}, since the file names no head size");
        int keySize = Count("attention.key_length", MostHeadSize, Math.Min(MostHeadSize, Math.Max(1, width / heads)));
        int valueSize = Count("attention.value_length", MostHeadSize, Math.Min(MostHeadSize, Math.Max(1, width / heads)));
        int context = Count("context_length", MostContext);
        int experts = Count("expert_count", MostExperts, 0, least: 0);
        if (_family.Mixture && experts == 0) throw Wrong("expert_count", "is missing or 0", "must tell how many experts there are");
        int used = experts == 0 ? 0 : Count("expert_used_count", experts);
        int[] windows = Windows(layers, kvHeads, context);
        (RotarySettings rope, RotarySettings local) = new RopeReader(_file, _family).Read(keySize, context, Math.Min(contextLength ?? context, context));
        return new ModelConfig
        {
            FileName = _file.Name,
            Family = _family,
            Layers = layers,
            Width = width,
            Heads = heads,
            KvHeads = kvHeads,
            KeySize = keySize,
            ValueSize = valueSize,
            FeedForward = FeedForward(experts),
            Vocabulary = Vocabulary(),
            ContextLength = context,
            Rope = rope,
            LocalRope = local,
            NormEpsilon = Epsilon(),
            AttentionScale = AttentionScale(layers, width, heads, keySize),
            AttentionSoftCap = Number("attn_logit_softcapping", _family.Name == ModelFamily.Gemma2 ? Gemma2ScoreCap : 0f),
            LogitSoftCap = Number("final_logit_softcapping", _family.Name == ModelFamily.Gemma2 ? Gemma2LogitCap : 0f),
            EmbeddingScale = _family.ScalesEmbedding ? MathF.Sqrt(width) : 1f,
            Windows = windows,
            Experts = experts,
            ExpertsUsed = used,
        };
    }

    private void RefuseUnsupported()
    {
        foreach ((string suffix, double neutral) in Unsupported)
        {
            if (_metadata.Contains(Key(suffix)) && _metadata.Number(Key(suffix)) is { } value && value != neutral)
                throw Wrong(suffix, FormattableString.Invariant($"is {value}"), "is something that this engine does not compute for this architecture");
        }
        if (_metadata.Contains(Key("attention.causal")) && _metadata.Flag(Key("attention.causal")) == false)
            throw Wrong("attention.causal", "is false", "must be true: only models that look back are supported");
    }

    /// <summary>Window of each layer; see <see cref="ModelConfig.Windows"/>.</summary>
    private int[] Windows(int layers, int kvHeads, int context)
    {
        const string key = "attention.sliding_window";
        int Given(int otherwise) => Count(key, int.MaxValue, otherwise, least: 0);
        int[] windows = new int[layers];
        switch (_family.Name)
        {
            case ModelFamily.Gemma2:
                int gemma2 = Given(Gemma2Window);
                for (int i = 0; i < layers; i++) windows[i] = i % Gemma2Period < Gemma2Period - 1 ? gemma2 : 0;
                break;
            case ModelFamily.Gemma3:
                if (!_metadata.Contains(Key(key))) throw Wrong(key, "is missing", "must tell how far the local layers see");
                int gemma3 = Given(0);
                for (int i = 0; i < layers; i++) windows[i] = i % Gemma3Period < Gemma3Period - 1 ? gemma3 : 0;
                break;
            case ModelFamily.Phi3:
                Array.Fill(windows, Given(PhiWindow(layers, kvHeads, context)));
                break;
            case ModelFamily.Llama:
                // Mistral's first models; the qwen families write a window that their models do not use.
                Array.Fill(windows, Given(0));
                break;
            default:
                break;
        }
        return windows;
    }

    /// <summary>Windows of the Phi 3 members whose early files lack the key (their model cards (b)); 0, the whole context, for others.</summary>
    private static int PhiWindow(int layers, int kvHeads, int context) => (layers, context) switch
    {
        (32 or 40, 4096) => 2047,
        (32, 131072) when kvHeads == 32 => 262144,
        (40, 131072) => 131072,
        _ => 0,
    };

    private float AttentionScale(int layers, int width, int heads, int keySize)
    {
        float given = Number("attention.scale", 0f);
        if (given > 0f) return given;
        bool large = (_family.Name == ModelFamily.Gemma2 && layers == Gemma2LargeLayers) || (_family.Name == ModelFamily.Gemma3 && layers == Gemma3LargeLayers);
        return 1f / MathF.Sqrt(large ? width / heads : keySize);
    }

    private int FeedForward(int experts)
    {
        const string expertKey = "expert_feed_forward_length";
        if (experts > 0 && _metadata.Contains(Key(expertKey))) return Count(expertKey, MostWidth);
        return Count("feed_forward_length", MostWidth);
    }

    private int Vocabulary()
    {
        GgufTensor embedding = _file.Find(TensorNames.Embedding)
            ?? throw new InputException($"{_file.Name}: tensor '{TensorNames.Embedding}' is missing; give a complete model file");
        return embedding.Rows;
    }

    private float Epsilon()
    {
        const string key = "attention.layer_norm_rms_epsilon";
        double? given = _metadata.Number(Key(key));
        if (given is not { } value) throw Wrong(key, "is missing", "must be a small positive number such as 1e-5");
        if (!(value >= 0) || value > LargestEpsilon) throw Wrong(key, FormattableString.Invariant($"is {value}"), "must be a small positive number such as 1e-5");
        return (float)value;
    }

    private float Number(string suffix, float otherwise)
    {
        if (_metadata.Number(Key(suffix)) is not { } value) return otherwise;
        if (!double.IsFinite(value) || value < 0) throw Wrong(suffix, FormattableString.Invariant($"is {value}"), "must be a finite number that is not negative");
        return (float)value;
    }

    /// <summary>A whole number in [least, most]; some writers give one per layer, which must then all be equal.</summary>
    private int Count(string suffix, int most, int? otherwise = null, int least = 1)
    {
        string key = Key(suffix);
        if (!_metadata.Contains(key)) return otherwise ?? throw Wrong(suffix, "is missing", $"must be a whole number between {least} and {most}");
        long value = OneOf(key, suffix);
        return value >= least && value <= most ? (int)value : throw Wrong(suffix, $"is {value}", $"must be between {least} and {most}");
    }

    private long OneOf(string key, string suffix)
    {
        if (_metadata.Count(key) is null) return _metadata.Integer(key)!.Value;
        int[] values = _metadata.Integers(key)!;
        if (values.Length == 0 || values.Any(value => value != values[0])) throw Wrong(suffix, "differs between layers", "must be the same for all layers");
        return values[0];
    }

    private string Key(string suffix) => $"{_family.Name}.{suffix}";

    private InputException Wrong(string suffix, string what, string rule) => new($"{_file.Name}: key '{Key(suffix)}' {what}; it {rule}");
}
