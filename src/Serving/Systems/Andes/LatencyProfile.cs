using Orrery.Kernel.Time;
using Orrery.Serving.Scheduling;
using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Serving.Systems.Andes;

/// <summary>
/// latency(B): time of a decode step by batch size at the mean context of those alive, and time of a prompt by its length; measured once
/// on the replica's cost model, linear in between (the paper: near-linear in B, because total context follows it).
/// </summary>
/// <param name="batches">Measured batch sizes, ascending from 1.</param>
/// <param name="shortNanoseconds">Step times with a context of one token each.</param>
/// <param name="longNanoseconds">Step times with contexts of <paramref name="longContext"/> tokens.</param>
/// <param name="longContext">The long context.</param>
/// <param name="prompts">Measured prompt lengths, ascending from 1.</param>
/// <param name="promptNanoseconds">Times of a step with that prompt alone.</param>
public sealed class LatencyProfile(
    int[] batches, double[] shortNanoseconds, double[] longNanoseconds, int longContext, int[] prompts, double[] promptNanoseconds)
{
    /// <summary>Steps that take no time: where no profile is known, memory alone decides.</summary>
    public static LatencyProfile None { get; } = new([1], [0], [0], 2, [1], [0]);

    public static LatencyProfile Of(ReplicaFacts facts, int maxSequences)
    {
        if (facts.StepTimes is not { } cost) return None;
        int[] batches = Doublings(maxSequences);
        int[] prompts = Doublings(facts.MaxModelTokens);
        int longContext = Math.Max(2, facts.MaxModelTokens);
        StepCost step = cost.CreateStep();
        StepShape shape = new();
        double[] shortTimes = [.. batches.Select(batch => Decodes(batch, 1))];
        // Contexts only add time; where rounding says otherwise the trigger would go off and on along one run of steps.
        double[] longTimes = [.. batches.Select((batch, i) => Math.Max(shortTimes[i], Decodes(batch, longContext)))];
        return new(batches, shortTimes, longTimes, longContext, prompts, [.. prompts.Select(Prompt)]);

        double Decodes(int batch, int context)
        {
            shape.Clear();
            for (int i = 0; i < batch; i++) shape.AddDecode(context);
            step.Prepare(shape);
            return step.At(0).Nanoseconds;
        }

        double Prompt(int tokens)
        {
            shape.Clear();
            shape.AddChunk(new PrefillChunk(tokens, 0, true));
            step.Prepare(shape);
            return step.At(0).Nanoseconds;
        }
    }

    /// <summary>Time of a decode step.</summary>
    /// <param name="batch">Sequences that decode.</param>
    /// <param name="alive">Sequences alive.</param>
    /// <param name="totalContext">Their contexts together, in tokens.</param>
    public Duration Decode(int batch, int alive, long totalContext)
    {
        double share = ((double)totalContext / alive - 1) / (longContext - 1);
        double least = At(batches, shortNanoseconds, batch);
        double most = At(batches, longNanoseconds, batch);
        return Duration.FromNanoseconds((long)(least + ((most - least) * share)));
    }

    /// <summary>Time of computing so many tokens in a step of their own.</summary>
    public Duration Prefill(int tokens) => Duration.FromNanoseconds((long)At(prompts, promptNanoseconds, tokens));

    private static double At(int[] xs, double[] ys, int x)
    {
        if (xs.Length == 1) return ys[0];
        int i = 1;
        while (i < xs.Length - 1 && xs[i] < x) i++;
        return ys[i - 1] + ((ys[i] - ys[i - 1]) * (x - xs[i - 1]) / (xs[i] - xs[i - 1]));
    }

    private static int[] Doublings(int last)
    {
        List<int> values = [];
        for (long value = 1; value < last; value *= 2) values.Add((int)value);
        values.Add(Math.Max(1, last));
        return [.. values];
    }
}
