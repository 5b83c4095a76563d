using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>How long replicas go on after a notice: as long as the migration, begun then, still ends in time.</summary>
/// <remarks>Miao et al., ASPLOS 2024, section 4.1 (just-in-time arrangement); arithmetic from the artefact (b).</remarks>
public static class InterruptionArranger
{
    /// <summary>Tokens of a batch that still fit into a slack: floor((slack − t1) / t2 + 1), the prompt phase giving the first.</summary>
    /// <returns>From 0 to <paramref name="outputTokens"/>; the latter: the batch ends before the interruption.</returns>
    public static int TokensThatFit(Duration slack, BatchTimes times, int outputTokens)
    {
        if (slack.IsInfinite) return outputTokens;
        double steps = ((slack.Seconds - times.PromptSeconds) / times.TokenSeconds) + 1;
        return steps <= 0 ? 0 : steps >= outputTokens ? outputTokens : (int)steps;
    }

    /// <summary>When replicas stop for a change.</summary>
    /// <param name="now">The notice, or later.</param>
    /// <param name="deadline">When machines go; <see cref="Instant.Never"/> where none goes.</param>
    /// <param name="ready">When new machines are there.</param>
    /// <param name="cost">What the migration will take.</param>
    /// <returns>Before a removal, its deadline less the cost; for an addition, when it is ready; never in the past.</returns>
    public static Instant StopAt(Instant now, Instant deadline, Instant ready, Duration cost) =>
        Instant.Max(now, deadline.IsNever ? ready : deadline - cost);
}
