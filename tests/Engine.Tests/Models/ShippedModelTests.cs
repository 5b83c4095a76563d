using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Shipped;

namespace Orrery.Engine.Tests.Models;

/// <summary>The shipped model against a few numbers of llama.cpp (commit c392e50, February 2025), so that agreement is tested on every machine.</summary>
public sealed class ShippedModelTests
{
    /// <summary>"In the beginning", with the first token that the model wants.</summary>
    internal static readonly int[] Prompt = [1, 299, 968, 261, 810, 267, 968, 294];

    /// <summary>Greedy tokens with the log-probabilities of the best two.</summary>
    internal static readonly (int Id, double Best, double Second)[] Expected =
        [(271, -0.3767, -2.7689), (261, -1.0163, -1.5904), (345, -1.2661, -2.9547), (977, -0.6499, -2.8066), (270, -1.1397, -1.7538), (299, -2.0989, -2.3321)];

    /// <summary>llama.cpp rounds activations to eight bits here, we do not: its own F32 and Q8_0 outputs differ by as much as 0.02.</summary>
    internal const double Tolerance = 0.02;

    [Fact]
    public void The_reference_continues_as_llama_cpp_does()
    {
        using GgufFile file = ShippedModel.Open();
        var model = new ReferenceModel(file);
        IReadOnlyList<LogitStep> steps = LogitProbe.Run((tokens, _) => model.LastLogits(tokens), model.Config, Prompt, Expected.Length, 2);
        Compare(steps);
    }

    internal static void Compare(IReadOnlyList<LogitStep> steps)
    {
        for (int i = 0; i < Expected.Length; i++)
        {
            Assert.Equal(Expected[i].Id, steps[i].Id);
            Assert.Equal(Expected[i].Best, steps[i].Top[0].LogProbability, Tolerance);
            Assert.Equal(Expected[i].Second, steps[i].Top[1].LogProbability, Tolerance);
        }
    }
}
