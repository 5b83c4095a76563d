using Orrery.Kernel;

namespace Orrery.Serving.Power;

/// <summary>Power of a device in each phase as a share of its thermal design power, measured for a model.</summary>
/// <param name="Model">Catalogue name of the model that was measured.</param>
/// <param name="PromptTokens">Tokens of a step with prompts, rising.</param>
/// <param name="PromptShares">Share at each of them.</param>
/// <param name="DecodeShare">Share while steps of decodes run.</param>
public sealed record PhasePower(string Model, IReadOnlyList<int> PromptTokens, IReadOnlyList<double> PromptShares, double DecodeShare)
{
    /// <summary>
    /// Eight A100 under tensor parallelism (Splitwise's published power profile, MIT; b): the peak of a request belongs to its prompt, and
    /// the average over the request, which decodes make up, is taken for decodes: at a prompt of 1,024 tokens.
    /// </summary>
    public static readonly IReadOnlyList<PhasePower> All =
    [
        new("bloom-176b", [128, 256, 1024, 2048, 4096, 8192], [0.69, 0.72, 1.01, 1.02, 1.02, 1.03], 0.62),
        new("llama-2-70b", [128, 256, 1024, 2048, 4096], [0.46, 0.66, 0.74, 0.99, 1.0], 0.43),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(power => power.Model)];

    /// <exception cref="InputException">No such model.</exception>
    public static PhasePower Find(string model) =>
        All.FirstOrDefault(power => power.Model == model) ?? throw new InputException($"no measured power of '{model}'{Kernel.Names.Suggest(model, Names)}");

    /// <summary>Share of the thermal design power in a phase: between the measured sizes linear, beyond them the nearest.</summary>
    /// <param name="stepTokens">Tokens of the step, for a step with prompts.</param>
    public double Share(ServerPhase phase, int stepTokens)
    {
        if (phase == ServerPhase.Decodes) return DecodeShare;
        int last = PromptTokens.Count - 1;
        if (stepTokens <= PromptTokens[0]) return PromptShares[0];
        if (stepTokens >= PromptTokens[last]) return PromptShares[last];
        int right = 1;
        while (PromptTokens[right] < stepTokens) right++;
        double share = (double)(stepTokens - PromptTokens[right - 1]) / (PromptTokens[right] - PromptTokens[right - 1]);
        return PromptShares[right - 1] + (share * (PromptShares[right] - PromptShares[right - 1]));
    }
}
