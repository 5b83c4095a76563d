using Orrery.Documents;
using Orrery.Serving.Execution;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Calls;

/// <summary>The same for every call (InferCept, arXiv 2402.01869, names the three).</summary>
public sealed class FixedHandling(PausedKv choice, bool returnsFirst) : ICallHandling
{
    public bool ReturnsFirst => returnsFirst;

    public void Review(ReplicaView view, StepPlan plan)
    {
        if (choice == PausedKv.Preserve) return;
        foreach (Sequence sequence in view.Paused)
        {
            if (sequence.KvBlocks == 0) continue;
            if (choice == PausedKv.Discard) plan.DiscardPaused(sequence);
            else plan.SwapOutPaused(sequence);
        }
    }

    public CallIntent? Intend(Sequence sequence, ReplicaView view) => new(choice, 0);

    /// <summary>Whoever found no room on the host is tried again: a plan may bring somebody back after the review.</summary>
    public int QuietSteps(ReplicaView view)
    {
        if (choice != PausedKv.Swap) return int.MaxValue;
        foreach (Sequence sequence in view.Paused)
            if (sequence.KvBlocks > 0) return 1;
        return int.MaxValue;
    }
}

/// <summary>Options of <see cref="FixedHandling"/>.</summary>
public abstract record FixedHandlingOptions : CallHandlingSpec
{
    public bool ReturnsFirst { get; init; }

    private protected abstract PausedKv Choice { get; }

    public override ICallHandling Create(ReplicaFacts facts) => new FixedHandling(Choice, ReturnsFirst);

    private protected static OptionSet<T> Declare<T>(Func<T, bool, T> set)
        where T : FixedHandlingOptions, new() => new OptionSet<T>().Bool(
            "returnsFirst", o => o.ReturnsFirst, set, "whose call has ended goes before those that wait, else behind them", "InferCept: improved discard (b)");
}

/// <summary>Keeps the KV on the device.</summary>
public sealed record PreserveOptions : FixedHandlingOptions
{
    /// <summary>Whoever holds memory goes on first, else those before it in the queue wait for memory that it holds (d).</summary>
    public PreserveOptions() => ReturnsFirst = true;

    public static readonly OptionSet<PreserveOptions> Set = Declare<PreserveOptions>((o, v) => o with { ReturnsFirst = v });

    private protected override PausedKv Choice => PausedKv.Preserve;
}

/// <summary>Frees the KV: the end of a call is a new request.</summary>
public sealed record DiscardOptions : FixedHandlingOptions
{
    public static readonly OptionSet<DiscardOptions> Set = Declare<DiscardOptions>((o, v) => o with { ReturnsFirst = v });

    private protected override PausedKv Choice => PausedKv.Discard;
}

/// <summary>Copies the KV to the host.</summary>
public sealed record SwapPausedOptions : FixedHandlingOptions
{
    /// <summary>What could not be swapped is kept: see <see cref="PreserveOptions"/> (d).</summary>
    public SwapPausedOptions() => ReturnsFirst = true;

    public static readonly OptionSet<SwapPausedOptions> Set = Declare<SwapPausedOptions>((o, v) => o with { ReturnsFirst = v });

    private protected override PausedKv Choice => PausedKv.Swap;
}
