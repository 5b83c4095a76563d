using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Power;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.Lab.Calibration;

/// <summary>
/// Utilisations of one device in a measured setting: work per step is counted from the model, the step's time is what was measured
/// (batch / throughput). A step decodes every sequence once at its mean context and computes as many prompt tokens as leave the batch.
/// </summary>
/// <param name="Busy">Share of the time in which kernels run: their modelled time over the measured; what is missing is the host's.</param>
/// <param name="Memory">Byte rate over peak bandwidth.</param>
/// <param name="Compute">FLOP rate over the dense peak.</param>
/// <param name="Network">Share of the time in collectives.</param>
/// <param name="PredictedTokensPerSecond">Throughput that the deployment's own cost model predicts for such steps.</param>
public readonly record struct PowerFeatures(double Busy, double Memory, double Compute, double Network, double PredictedTokensPerSecond)
{
    /// <summary>
    /// By the analytic cost model, so that fitted shares do not depend on which measured profiles exist; the predicted throughput is that
    /// of the row's deployment.
    /// </summary>
    public static PowerFeatures Of(PowerRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        Deployment deployment = row.Deployment;
        Deployment analytic = Deployment.Create(
            deployment.Model, deployment.Device, deployment.Parallel, deployment.Precision, deployment.Interconnect, CostProfile.Analytic);
        int sequences = Math.Max(1, (int)Math.Round(row.Batch));
        double promptsPerStep = sequences / Math.Max(1, row.OutputTokens);
        StepSums work = StepSums.Of(new RooflineCost(analytic), row, sequences, promptsPerStep);
        StepSums own = StepSums.Of(new RooflineCost(deployment), row, sequences, promptsPerStep);
        double seconds = sequences / row.TokensPerSecond;
        double deviceSeconds = seconds * deployment.Parallel.Devices;
        double tokens = sequences + (promptsPerStep * row.PromptTokens);
        return new(
            Math.Max(0, work.Seconds - work.LaunchSeconds) / seconds,
            work.MemoryBytes / deviceSeconds / deployment.Device.MemoryBandwidth.Value,
            work.Flops / deviceSeconds / deployment.Device.PeakRate(deployment.Precision.Activations)!.Value.Value,
            NetworkLoad.Of(deployment).Seconds(1, tokens) / seconds,
            sequences / own.Seconds);
    }

    /// <summary>The same work at another pace.</summary>
    /// <param name="factor">Throughput over that of this instance.</param>
    public PowerFeatures Faster(double factor) =>
        this with { Busy = Busy * factor, Memory = Memory * factor, Compute = Compute * factor, Network = Network * factor };

    /// <summary>A decode step and its share of a prompt.</summary>
    private readonly record struct StepSums(double Seconds, double LaunchSeconds, double Flops, double MemoryBytes)
    {
        public static StepSums Of(RooflineCost cost, PowerRow row, int sequences, double prompts)
        {
            StepCost step = cost.CreateStep();
            var shape = new StepShape();
            int context = row.PromptTokens + (int)(row.OutputTokens / 2);
            for (int i = 0; i < sequences; i++) shape.AddDecode(context);
            step.Prepare(shape);
            StepTerms decode = step.TermsAt(0);
            double flops = (double)step.FlopsAt(0);
            double bytes = step.MemoryBytesAt(0);
            shape.Clear();
            shape.AddChunk(new(row.PromptTokens, 0, Finishes: true));
            step.Prepare(shape);
            StepTerms prompt = step.TermsAt(0);
            // Weights are read once for a step, its prompts included: their bytes count with the decodes.
            return new(
                decode.ElapsedSeconds + (prompts * prompt.ElapsedSeconds),
                decode.LaunchSeconds + (prompts * prompt.LaunchSeconds),
                flops + (prompts * (double)step.FlopsAt(0)),
                bytes);
        }
    }
}
