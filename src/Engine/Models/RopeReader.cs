using Orrery.Engine.Attention;
using Orrery.Engine.Gguf;
using Orrery.Engine.Tensors;
using Orrery.Kernel;

namespace Orrery.Engine.Models;

/// <summary>Reads how a model turns positions, from its keys and its tensors of factors.</summary>
internal sealed class RopeReader(GgufFile file, ModelFamily family)
{
    /// <summary>Base of gemma3's local layers, which no key of early files tells (Gemma 3 report, 2025, section 2 (b)).</summary>
    private const float Gemma3LocalBase = 10000f;

    private readonly GgufMetadata _metadata = file.Metadata;

    /// <summary>Settings of the layers that see everything, and of those with a window.</summary>
    public (RotarySettings Whole, RotarySettings Local) Read(int keySize, int context, int wanted)
    {
        long given = _metadata.Integer(Key("rope.dimension_count")) ?? keySize;
        if (given < 2 || given > keySize || given % 2 != 0) throw Wrong("rope.dimension_count", $"is {given}", $"must be even and between 2 and the head size {keySize}");
        int dimensions = (int)given;
        string type = _metadata.Text(Key("rope.scaling.type")) ?? "linear";
        if (type is not ("none" or "linear" or "yarn" or "longrope"))
            throw Wrong("rope.scaling.type", $"is '{type}'", "must be none, linear, yarn or longrope");
        int original = (int)Math.Clamp(_metadata.Integer(Key("rope.scaling.original_context_length")) ?? context, 1, int.MaxValue);
        RotaryStyle style = family.Halves ? RotaryStyle.Halves : RotaryStyle.Interleaved;
        float stretch = type == "none" ? 1f : Stretch();
        var rope = new RotarySettings(dimensions, style, BaseOf("rope.freq_base", (float)RotarySettings.DefaultBase))
        {
            LinearFactor = type == "yarn" ? 1 : stretch,
            Yarn = type == "yarn" ? Yarn(stretch, original) : null,
            AttentionFactor = Positive("rope.scaling.attn_factor", 1f) * Positive("rope.scaling.yarn_attn_factor", 1f),
            Divisors = Factors(dimensions / 2, wanted > original),
        };
        return (rope, family.Name == ModelFamily.Gemma3 ? new RotarySettings(dimensions, style, BaseOf("rope.freq_base_swa", Gemma3LocalBase)) : rope);
    }

    private YarnScaling Yarn(float stretch, int original) => new(
        stretch,
        original,
        Positive("rope.scaling.yarn_beta_fast", (float)YarnScaling.DefaultBetaFast),
        Positive("rope.scaling.yarn_beta_slow", (float)YarnScaling.DefaultBetaSlow),
        Positive("rope.scaling.yarn_ext_factor", 1f));

    private float Stretch()
    {
        // A factor of zero, which converters write for "not stretched", is taken as one.
        double? factor = _metadata.Number(Key("rope.scaling.factor")) ?? _metadata.Number(Key("rope.scale_linear"));
        if (factor is not { } value || value == 0) return 1f;
        if (!double.IsFinite(value) || value < 0) throw Wrong("rope.scaling.factor", FormattableString.Invariant($"is {value}"), "must be a positive number");
        return (float)value;
    }

    /// <summary>The file's factors: one set for every length (Llama 3), or a short and a long one (Phi 3).</summary>
    private float[]? Factors(int pairs, bool isLong)
    {
        GgufTensor? tensor = file.Find(TensorNames.RopeFactors) ?? file.Find(isLong ? TensorNames.RopeLongFactors : TensorNames.RopeShortFactors);
        if (tensor is null) return null;
        if (tensor.Type != TensorType.F32 || tensor.Columns != pairs || tensor.Rows != 1)
            throw new InputException($"{file.Name}: tensor '{tensor.Name}' has {tensor.Columns} x {tensor.Rows} numbers of type {tensor.Type}; it must hold {pairs} of type F32, one a pair");
        float[] factors = tensor.ToSingles();
        if (factors.Any(factor => !float.IsFinite(factor) || factor <= 0))
            throw new InputException($"{file.Name}: tensor '{tensor.Name}' holds a factor that is not a positive number");
        return factors;
    }

    private float BaseOf(string suffix, float otherwise)
    {
        float value = Positive(suffix, otherwise);
        return value > 1f ? value : throw Wrong(suffix, FormattableString.Invariant($"is {value}"), "must be greater than 1");
    }

    private float Positive(string suffix, float otherwise)
    {
        if (_metadata.Number(Key(suffix)) is not { } value) return otherwise;
        if (!double.IsFinite(value) || value <= 0) throw Wrong(suffix, FormattableString.Invariant($"is {value}"), "must be a positive number");
        return (float)value;
    }

    private string Key(string suffix) => $"{family.Name}.{suffix}";

    private InputException Wrong(string suffix, string what, string rule) => new($"{file.Name}: key '{Key(suffix)}' {what}; it {rule}");
}
