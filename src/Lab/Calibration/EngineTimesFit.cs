using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.Lab.Calibration;

/// <summary>
/// CPU time of an engine from settings whose throughput was measured: what a step takes beyond what the device computes, as a part per step
/// and a part per sequence. Both are found together over all models and devices, so that they belong to the engine.
/// </summary>
public static class EngineTimesFit
{
    /// <summary>Tasks with text prompts of known length and whole outputs; others wait for decoders of pictures, or their prompts are not published.</summary>
    private static readonly string[] FittedTasks = ["lm-arena-chat", "gpqa"];

    /// <summary>Relative errors beyond this count linearly (Huber), so that settings bound by something else do not decide (d).</summary>
    private const double Outlier = 0.2;

    private const int Rounds = 50;

    /// <summary>The two times in seconds, and the mean absolute relative error of the step with them.</summary>
    /// <param name="rows">Measured settings.</param>
    public static (double StepSeconds, double SequenceSeconds, double Error) Fit(IReadOnlyList<PowerRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        (double Sequences, double Device, double Step)[] settings = [.. rows.Where(row => FittedTasks.Contains(row.Task)).Select(Setting)];
        if (settings.Length == 0) return (0, 0, 0);
        double perStep = 0;
        double perSequence = 0;
        for (int round = 0; round < Rounds; round++)
        {
            var normal = new double[2, 2];
            var right = new double[2];
            foreach ((double sequences, double device, double step) in settings)
            {
                double miss = Math.Abs(((device + perStep + (perSequence * sequences)) / step) - 1);
                double weight = round == 0 || miss <= Outlier ? 1 : Outlier / miss;
                double one = 1 / step;
                double many = sequences / step;
                double rest = 1 - (device / step);
                normal[0, 0] += weight * one * one;
                normal[0, 1] += weight * one * many;
                normal[1, 0] += weight * one * many;
                normal[1, 1] += weight * many * many;
                right[0] += weight * one * rest;
                right[1] += weight * many * rest;
            }
            double[] found = NonNegativeLeastSquares.Solve(normal, right);
            (perStep, perSequence) = (found[0], found[1]);
        }
        return (perStep, perSequence, settings.Average(s => Math.Abs(((s.Device + perStep + (perSequence * s.Sequences)) / s.Step) - 1)));
    }

    /// <summary>A decode step with its share of prompts: sequences, seconds of the device, seconds measured.</summary>
    private static (double, double, double) Setting(PowerRow row)
    {
        Deployment d = row.Deployment;
        Deployment bare = Deployment.Create(d.Model, d.Device, d.Parallel, d.Precision, d.Interconnect, d.Profile, EngineProfile.Generic.WithoutCpu());
        int sequences = Math.Max(1, (int)Math.Round(row.Batch));
        StepCost step = new RooflineCost(bare).CreateStep();
        StepShape shape = new();
        for (int i = 0; i < sequences; i++) shape.AddDecode(row.PromptTokens + (int)(row.OutputTokens / 2));
        step.Prepare(shape);
        double seconds = step.At(0).Seconds;
        shape.Clear();
        shape.AddChunk(new(row.PromptTokens, 0, Finishes: true));
        step.Prepare(shape);
        seconds += step.At(0).Seconds * sequences / Math.Max(1, row.OutputTokens);
        return (sequences, seconds, sequences / row.TokensPerSecond);
    }
}
