using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Testing.Data;

namespace Orrery.Engine.Tests.Models;

/// <summary>Our arithmetic beside the outputs of llama.cpp, where they are on this machine.</summary>
public sealed class AgreementTests
{
    /// <summary>Other engines round activations to eight bits for quantised weights: the token must agree where the gap between the best two is larger than this.</summary>
    private const double Gap = 0.05;

    /// <summary>The same for weights of four or five bits, whose products are larger.</summary>
    private const double SmallTypeGap = 0.12;

    /// <summary>Rows that the plain pass, being slow, is held against; the fast one takes all.</summary>
    private const int MostRows = 3;

    /// <summary>Difference of log-probabilities for weights that nobody rounds.</summary>
    internal const double Tolerance = 0.01;

    public static TheoryData<string, string, double, bool> Files => new()
    {
        { "tiny-model/tiny-kjv-f32.gguf", "tiny-model/reference-f32.json", Gap, true },
        { "tiny-model/tiny-kjv-q8_0.gguf", "tiny-model/reference-q8_0.json", Gap, false },
        { "random-gguf/rq-f16.gguf", "random-gguf/reference-f16.json", Gap, true },
        { "random-gguf/rq-BF16.gguf", "random-gguf/reference-BF16.json", Gap, false },
        { "random-gguf/rq-Q8_0.gguf", "random-gguf/reference-Q8_0.json", Gap, false },
        { "random-gguf/rq-Q6_K.gguf", "random-gguf/reference-Q6_K.json", Gap, false },
        { "random-gguf/rq-Q5_K_M.gguf", "random-gguf/reference-Q5_K_M.json", SmallTypeGap, false },
        { "random-gguf/rq-Q4_K_M.gguf", "random-gguf/reference-Q4_K_M.json", SmallTypeGap, false },
        { "random-gguf/rq-Q4_0.gguf", "random-gguf/reference-Q4_0.json", SmallTypeGap, false },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void The_reference_agrees_with_llama_cpp(string model, string outputs, double gap, bool isExact)
    {
        string? modelPath = PublicData.Find(model.Split('/')), outputsPath = PublicData.Find(outputs.Split('/'));
        Assert.SkipWhen(modelPath is null || outputsPath is null, "the public data is not on this machine");
        using GgufFile file = GgufFile.Open(modelPath);
        var reference = new ReferenceModel(file);
        var comparison = new LogitComparison(gap, isExact ? Tolerance : double.PositiveInfinity);
        foreach (ReferenceRow row in ReferenceOutputs.Read(outputsPath).Take(MostRows)) comparison.Check(row, tokens => reference.Logits(tokens));
    }
}
