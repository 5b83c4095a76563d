using Orrery.Documents;
using Orrery.Kernel.Statistics;
using Orrery.Lab.Results;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Tests.Studies;

/// <summary>Made-up results with the shape of real ones: latencies are a scale times a fixed curve.</summary>
internal static class SampleRuns
{
    public static RunRecord Record(string scenario = "chat", ulong seed = 1, double scale = 1, bool isPartial = false)
    {
        double[] shares = [.. Enumerable.Range(0, 101).Select(i => i / 100.0)];
        DistributionCurve Curve(double median, double spread) => new(
            shares, [.. shares.Select(p => scale * median * Math.Exp(spread * Math.Log((p + 0.01) / (1.01 - p)) / 1.7))]);
        Summary Of(double median, double spread)
        {
            DistributionCurve curve = Curve(median, spread);
            double At(int percent) => curve.Values[percent];
            return new(5000, At(60), At(84) - At(50), At(0), At(10), At(25), At(50), At(75), At(90), At(95), At(99), At(100), At(100));
        }
        TimelineRow[] rows =
        [
            .. Enumerable.Range(1, 600).Select(i => new TimelineRow(
                i, (long)(i * 8.3 + 30 * Math.Sin(i / 40.0)), (long)(i * 8.0), 0, (long)(scale * Math.Max(0, 40 * Math.Sin(i / 60.0))),
                (long)(90 + 30 * Math.Sin(i / 50.0)), 40000, (long)(i * 1630.0 / scale + 500 * Math.Sin(i / 20.0)),
                Math.Min(1, 0.55 + 0.3 * scale * Math.Sin(i / 60.0)), Math.Min(1, 0.8 + 0.1 * scale))),
        ];
        return new(
            new()
            {
                Scenario = scenario,
                Seed = seed,
                IsPartial = isPartial,
                Figures = new(
                    new Dictionary<string, double>
                    {
                        ["arrived"] = 5000,
                        ["finished"] = 4990,
                        ["rejected"] = 10,
                        ["preemptions"] = (long)(12 * scale),
                        ["promptTokens"] = 2_560_000,
                        ["outputTokens"] = 980_000,
                        ["prefilledTokens"] = 2_570_000,
                        ["outputTokensPerSecond"] = 1630 / scale,
                        ["requestsPerSecond"] = 8.2 / scale,
                        ["attainment"] = Math.Min(1, 0.97 / scale),
                        ["goodput"] = 8 / scale,
                        ["busy"] = 0.91,
                        ["mfu"] = 0.21,
                        ["mbu"] = 0.55,
                        ["kvMean"] = 0.5,
                        ["kvMax"] = 0.97,
                        ["energy"] = 3.1e7 * scale,
                        ["energyPerToken"] = 3.1e7 * scale / 980_000,
                        ["carbon"] = 3450 * scale,
                        ["water"] = 15.5,
                        ["money"] = 42.5 * scale,
                        ["moneyPerMillionTokens"] = 42.5 * scale / 0.98,
                    },
                    new Dictionary<string, Summary>
                    {
                        ["ttft"] = Of(0.21, 0.8),
                        ["tpot"] = Of(0.031, 0.25),
                        ["gap"] = Of(0.028, 0.5),
                        ["e2e"] = Of(5.2, 0.7),
                        ["queue"] = Of(0.02, 1.6),
                        ["normalized"] = Of(0.035, 0.3),
                    }),
                Simulation = new(600, 1.25, 120_000, 31_000),
                RejectionReasons = new Dictionary<string, long> { ["prompt longer than the model's limit"] = 10 },
                Expectations =
                [
                    new("p99(gap) <= 200ms", 0.18 * scale, scale <= 1, $"p99(gap) is {180 * scale:0}ms, expected <= 200ms"),
                ],
                Notes = ["The longest sequence is bounded by the KV memory: 61,440 tokens."],
            },
            new(rows, new Dictionary<string, DistributionCurve>
            {
                ["ttft"] = Curve(0.21, 0.8),
                ["tpot"] = Curve(0.031, 0.25),
                ["gap"] = Curve(0.028, 0.5),
                ["e2e"] = Curve(5.2, 0.7),
            }));
    }

    public static StudyResult Study(params (string Name, double Scale)[] variants) => new(
        "chat", 1,
        [.. variants.Select(v => new StudyRun(new Dictionary<string, string> { ["fleet.0.scheduler.use"] = v.Name }, Record(scale: v.Scale)))],
        false);

    /// <summary>A run whose result tells which tree and seed it was made of; counts executions.</summary>
    public static PrepareRun Counting(List<string> executed) => (tree, seed) =>
    {
        string text = YamlText.Write(tree);
        ulong own = seed ?? 1;
        return new("counted", own, text, cancel =>
        {
            lock (executed) executed.Add($"{own} {text}");
            double scale = 1 + (double)((uint)string.GetHashCode(text, StringComparison.Ordinal) % 7);
            // Whoever begins first need not finish first.
            Thread.SpinWait((int)(scale * 2000));
            return Record(text, own, 1 + text.Sum(c => c) % 13 / 10.0, cancel.IsCancellationRequested);
        });
    };
}
