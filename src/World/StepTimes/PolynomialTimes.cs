using Orrery.Documents;
using Orrery.World.Deployments;

namespace Orrery.World.StepTimes;

/// <summary>Three coefficients in milliseconds.</summary>
public readonly record struct Polynomial(double A, double B, double C)
{
    internal static Polynomial Read(Node node)
    {
        IReadOnlyList<Node> items = node.AsList();
        return items.Count == 3 ? new(items[0].AsNumber(), items[1].AsNumber(), items[2].AsNumber()) : throw node.Error($"expected three coefficients A, B, C, not {items.Count}");
    }
}

/// <summary>
/// Step times as DistServe's simulator has them (b): on each of pp pipeline stages a prompt step takes (A + B·Σl + C·Σl²)/pp + hop·pp, a
/// decode step of n sequences (A + B·Σc + C·n)/pp with coefficients of its own below and from a number of sequences; the first stage takes
/// a constant and a little per token longer.
/// </summary>
/// <remarks>
/// A step that has both takes the prompt's polynomial and the decodes' terms without their constant, since weights are read once (d). A slice
/// after h tokens counts (h + l)² − h² as its square, so that slices add up to the whole (d).
/// </remarks>
public sealed record PolynomialTimes(string Model, string Device, int Tensor, Polynomial Prefill, Polynomial DecodeSmall, Polynomial DecodeLarge) : StepTimeRow(Model, Device, Tensor)
{
    private const double NanosecondsPerMillisecond = 1e6;

    /// <summary>Sequences from which the second decode polynomial holds.</summary>
    public required int LargeBatch { get; init; }

    /// <summary>Times the number of stages, added to each stage of a prompt step.</summary>
    public required double StageHopSeconds { get; init; }

    /// <summary>The runtime's constant per step.</summary>
    public required double OverheadSeconds { get; init; }

    /// <summary>The runtime's time per token of the batch.</summary>
    public required double OverheadSecondsPerToken { get; init; }

    /// <summary>Milliseconds on one stage of <paramref name="pipeline"/>, without the runtime's overhead.</summary>
    public double StageMilliseconds(in StepSums sums, int pipeline)
    {
        Polynomial decode = sums.Decodes < LargeBatch ? DecodeSmall : DecodeLarge;
        double decodes = (decode.B * sums.ContextTokens) + (decode.C * sums.Decodes);
        if (sums.PromptTokens == 0) return (decode.A + decodes) / pipeline;
        double prompts = Prefill.A + (Prefill.B * sums.PromptTokens) + (Prefill.C * sums.SquaredTokens);
        return ((prompts + (sums.Decodes > 0 ? decodes : 0)) / pipeline) + (StageHopSeconds * 1e3 * pipeline);
    }

    internal static IReadOnlyList<StepTimeRow> Read(Node node)
    {
        MapReader map = node.AsMap();
        string device = map.Text("device");
        int largeBatch = map.Int("largeBatch");
        double hop = map.Quantity("stageHop", Quantity.Duration);
        double overhead = map.Quantity("overhead", Quantity.Duration);
        double perToken = map.Quantity("overheadPerToken", Quantity.Duration);
        List<StepTimeRow> rows = [];
        foreach (Node item in map.List("rows"))
        {
            MapReader row = item.AsMap();
            rows.Add(new PolynomialTimes(
                row.Text("model"), device, row.Int("tensor"),
                Polynomial.Read(row.Required("prefill")), Polynomial.Read(row.Required("decodeSmall")), Polynomial.Read(row.Required("decodeLarge")))
            {
                LargeBatch = largeBatch,
                StageHopSeconds = hop,
                OverheadSeconds = overhead,
                OverheadSecondsPerToken = perToken,
            });
            row.Done();
        }
        map.Done();
        return rows;
    }

    internal override void Check(Deployment deployment)
    {
    }

    internal override double StageNanoseconds(in StepSums sums, Deployment deployment) =>
        StageMilliseconds(sums, deployment.Parallel.Pipeline) * NanosecondsPerMillisecond;

    internal override double FirstStageNanoseconds(in StepSums sums) =>
        (OverheadSeconds + (OverheadSecondsPerToken * (sums.PromptTokens + sums.ContextTokens))) * 1e9;
}
