using Orrery.Engine.Gguf;
using Orrery.Engine.Making;
using Orrery.Engine.Models;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;

namespace Orrery.Engine.Tests.Models;

/// <summary>Every architecture and rotation against numbers of llama.cpp (release 0.5.0, keys and values in half precision) on models that this library makes.</summary>
public sealed class ArchitectureAgreementTests
{
    /// <summary>Half-precision keys and values move log-probabilities by up to 0.004 here; a wrong constant moves them by whole units.</summary>
    private const double Tolerance = 0.01;

    internal static readonly int[] Ids = [1, 314, 159, 265, 358, 97, 93, 238, 462, 64, 338, 32, 79, 50, 288, 419, 71, 69, 399, 375, 105, 12, 44, 301];

    private static readonly (string Case, string Shape, (int Id, double LogProbability)[] Best)[] Expected =
    [
        ("as made", "tiny-llama", [(84, -1.8783), (182, -2.1217), (402, -2.4519), (68, -3.2114)]),
        ("as made", "tiny-llama-moe", [(30, -0.9902), (97, -2.5909), (437, -3.7347), (117, -3.838)]),
        ("as made", "tiny-qwen2", [(363, -2.3926), (494, -3.3044), (394, -3.6346), (65, -3.6434)]),
        ("as made", "tiny-qwen3", [(385, -2.1723), (406, -2.4799), (369, -2.848), (255, -3.2416)]),
        ("as made", "tiny-phi3", [(31, -2.5356), (495, -2.8668), (69, -3.3566), (131, -3.4016)]),
        ("as made", "tiny-gemma2", [(301, -0.9201), (494, -2.8462), (106, -3.1186), (183, -3.4111)]),
        ("as made", "tiny-gemma3", [(346, -2.0512), (288, -2.8452), (189, -2.8559), (458, -2.897)]),
        ("as made", "tiny-qwen3moe", [(297, -1.9256), (483, -3.1659), (241, -3.3692), (75, -3.3852)]),
        ("factors", "tiny-llama", [(84, -2.2623), (182, -2.6998), (234, -3.1087), (478, -3.373)]),
        ("linear", "tiny-llama", [(3, -1.2382), (84, -2.4959), (148, -3.1796), (496, -3.2744)]),
        ("linear", "tiny-gemma3", [(346, -1.9931), (458, -2.9524), (288, -2.9901), (363, -3.0341)]),
        ("yarn", "tiny-qwen2", [(286, -1.9357), (321, -2.1372), (329, -3.0687), (313, -3.3273)]),
        ("yarn", "tiny-llama", [(182, -1.2532), (403, -3.3762), (483, -3.5139), (84, -3.6744)]),
        ("short", "tiny-phi3", [(502, -2.2605), (241, -2.7966), (131, -2.9925), (174, -3.1662)]),
        ("long", "tiny-phi3", [(483, -2.1513), (502, -2.8403), (208, -3.2333), (188, -3.803)]),
    ];

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, Expected.Length)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Agrees_with_llama_cpp(int index)
    {
        (string variant, string shape, (int Id, double LogProbability)[] best) = Expected[index];
        using GgufFile file = Variant(shape, variant);
        using Transformer model = Transformer.Load(file, new TransformerOptions { ContextLength = Ids.Length });
        foreach (float[] logits in new[] { new ReferenceModel(file, Ids.Length).LastLogits(Ids), TransformerTests.AllLogits(model, Ids)[^1] })
        {
            TokenLogProbability[] ours = LogitProbe.Best(logits, logits.Length);
            Assert.Equal(best[0].Id, ours[0].Id);
            foreach ((int id, double logProbability) in best) Assert.Equal(logProbability, ours.First(token => token.Id == id).LogProbability, Tolerance);
        }
    }

    /// <summary>A made model with the keys and factors of one kind of rotation.</summary>
    private static GgufFile Variant(string shape, string variant)
    {
        using var pool = new WorkerPool(2);
        ModelShape sizes = ModelShape.Find(shape);
        byte[] image = new ModelMaker(new ModelRecipe(MadeArchitecture.Find(sizes.Architecture), sizes, TensorType.F32, Seed: 1)).ToImage(pool);
        GgufFile made = GgufFile.FromBytes(image, shape);
        if (variant == "as made") return made;
        using (made)
        {
            GgufWriter writer = Copy(made, out string prefix);
            string scaling = prefix + ".rope.scaling.";
            switch (variant)
            {
                case "factors":
                    Add(writer, "rope_freqs.weight", 1f, 0.2f);
                    break;
                case "linear":
                    writer.Set(scaling + "type", "linear").Set(scaling + "factor", prefix == "gemma3" ? 8f : 4f);
                    break;
                case "yarn":
                    bool isLlama = prefix == "llama";
                    writer.Set(scaling + "type", "yarn").Set(scaling + "factor", isLlama ? 8f : 4f).Set(scaling + "original_context_length", isLlama ? 32 : 64);
                    break;
                default:
                    bool isLong = variant == "long";
                    writer.Set(scaling + "original_context_length", isLong ? 16 : 256).Set(scaling + "attn_factor", 1.19f);
                    Add(writer, "rope_factors_long.weight", isLong ? 1f : 2f, isLong ? 0.3f : 0f);
                    Add(writer, "rope_factors_short.weight", 1f, isLong ? 0f : 0.1f);
                    break;
            }
            using var stream = new MemoryStream();
            writer.Write(stream);
            return GgufFile.FromBytes(stream.ToArray(), $"{shape} with {variant} rotations");
        }
    }

    /// <summary>The architecture's numbers and all tensors; vocabulary and texts do not matter here.</summary>
    private static GgufWriter Copy(GgufFile made, out string prefix)
    {
        const string architecture = "general.architecture";
        prefix = made.Metadata.Text(architecture)!;
        GgufWriter writer = new GgufWriter().Set(architecture, prefix);
        foreach (string key in made.Metadata.Keys)
        {
            if (!key.StartsWith(prefix + ".", StringComparison.Ordinal) || made.Metadata.TypeOf(key) is not { } type) continue;
            if (type.IsInteger()) writer.Set(key, made.Metadata.Integer(key)!.Value);
            else if (type.IsNumber()) writer.Set(key, (float)made.Metadata.Number(key)!.Value);
        }
        foreach (GgufTensor tensor in made.Tensors) writer.AddTensor(tensor.Name, tensor.Type, tensor.Dimensions, tensor.Bytes(0, (int)tensor.ByteCount).ToArray());
        return writer;
    }

    private static void Add(GgufWriter writer, string name, float first, float step)
    {
        const int pairs = 32;
        byte[] bytes = new byte[pairs * sizeof(float)];
        for (int i = 0; i < pairs; i++) BitConverter.TryWriteBytes(bytes.AsSpan(i * sizeof(float)), first + (step * i));
        writer.AddTensor(name, TensorType.F32, [pairs], bytes);
    }
}
