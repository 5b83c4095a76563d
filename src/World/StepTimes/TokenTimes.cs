using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.World.Deployments;

namespace Orrery.World.StepTimes;

/// <summary>What the time of a step of decodes is looked up by.</summary>
public enum TokenRule
{
    /// <summary>By how many decode, one token each: Splitwise's simulator (b).</summary>
    Decodes,

    /// <summary>The longer of the times by sequences and by context tokens of the batch, each where it was published (d).</summary>
    Contexts,
}

/// <summary>Straight lines between measured points; the outer lines go on beyond them.</summary>
public sealed record TokenCurve(IReadOnlyList<double> At, IReadOnlyList<double> Milliseconds)
{
    public double MillisecondsAt(double x)
    {
        int right = 1;
        while (right < At.Count - 1 && x > At[right]) right++;
        double from = At[right - 1];
        double low = Milliseconds[right - 1];
        return low + ((Milliseconds[right] - low) * ((x - from) / (At[right] - from)));
    }

    internal static TokenCurve Read(Node at, Node times)
    {
        double[] points = [.. at.AsList().Select(item => item.AsNumber(min: 0))];
        double[] milliseconds = [.. times.AsList().Select(item => item.AsNumber(min: 0))];
        if (points.Length < 2) throw at.Error("a curve needs at least two points");
        if (milliseconds.Length != points.Length) throw times.Error($"expected {points.Length} times, one for each point, not {milliseconds.Length}");
        for (int i = 1; i < points.Length; i++)
            if (points[i] <= points[i - 1]) throw at.Error("points must rise");
        return new(points, milliseconds);
    }
}

/// <summary>
/// Step times as Splitwise's simulator has them (b): medians of measured runs over the tokens of a step. Prompts alone: the prompt curve at
/// their tokens. Decodes alone: the token curve at their number. Both: the prompt curve at all of them, times a constant.
/// </summary>
public sealed record TokenTimes(string Model, string Device, int Tensor, TokenCurve Prompt, TokenCurve Token) : StepTimeRow(Model, Device, Tensor)
{
    private const double NanosecondsPerMillisecond = 1e6;

    public required TokenRule Rule { get; init; }

    /// <summary>What a step with prompts and decodes takes, as a multiple of a prompt step of as many tokens.</summary>
    public required double MixedFactor { get; init; }

    /// <summary>Token step by sequences, for the rule that also looks at contexts; null where none was published.</summary>
    public TokenCurve? Batches { get; init; }

    /// <summary>The only power cap that something is known of; null where none is.</summary>
    public Watts? PowerCap { get; init; }

    /// <summary>How much longer prompts take under that cap; decodes do not.</summary>
    public double CappedPromptFactor { get; init; } = 1;

    /// <summary>Milliseconds of a step.</summary>
    /// <param name="sums">What it computes.</param>
    /// <param name="isCapped">Under <see cref="PowerCap"/>.</param>
    public double MillisecondsOf(in StepSums sums, bool isCapped)
    {
        if (sums.PromptTokens == 0) return TokenMilliseconds(sums);
        double prompt = Prompt.MillisecondsAt(sums.PromptTokens + sums.Decodes) * (isCapped ? CappedPromptFactor : 1);
        return sums.Decodes > 0 ? MixedFactor * prompt : prompt;
    }

    internal static IReadOnlyList<StepTimeRow> Read(Node node, TokenRule rule)
    {
        MapReader map = node.AsMap();
        Node at = map.Required("at");
        double mixed = map.Number("mixedFactor");
        List<StepTimeRow> rows = [];
        foreach (Node item in map.List("rows"))
        {
            MapReader row = item.AsMap();
            MapReader? capped = row.Map("capped");
            TokenTimes times = new(
                row.Text("model"), row.Text("device"), row.Int("tensor"), TokenCurve.Read(at, row.Required("prompt")), TokenCurve.Read(at, row.Required("token")))
            {
                Rule = rule,
                MixedFactor = mixed,
                Batches = row.Map("batches") is { } batches ? TokenCurve.Read(batches.Required("at"), batches.Required("token")) : null,
                PowerCap = capped is null ? null : new Watts(capped.Quantity("powerCap", Quantity.Power)),
                CappedPromptFactor = capped?.Number("promptFactor") ?? 1,
            };
            capped?.Done();
            row.Done();
            rows.Add(times);
        }
        map.Done();
        return rows;
    }

    internal override void Check(Deployment deployment)
    {
        if (deployment.Parallel.Pipeline > 1) throw new InputException($"pipeline: {Model} was measured in one stage; leave pipeline at 1");
        if (deployment.Device.PowerCap is not { } cap || cap == PowerCap) return;
        throw new InputException(PowerCap is { } known
            ? $"powerCap: {Model} was measured without a cap and at {known}, not at {cap}; write one of the two"
            : $"powerCap: {Model} was measured on {Device} without a cap; leave the key out");
    }

    internal override double StageNanoseconds(in StepSums sums, Deployment deployment) =>
        MillisecondsOf(sums, deployment.Device.PowerCap is not null) * NanosecondsPerMillisecond;

    internal override double FirstStageNanoseconds(in StepSums sums) => 0;

    private double TokenMilliseconds(in StepSums sums)
    {
        if (Rule == TokenRule.Decodes) return Token.MillisecondsAt(sums.Decodes);
        double byContext = Token.MillisecondsAt(sums.ContextTokens);
        return Batches is null ? byContext : Math.Max(byContext, Batches.MillisecondsAt(sums.Decodes));
    }
}
