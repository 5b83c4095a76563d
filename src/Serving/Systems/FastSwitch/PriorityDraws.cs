using Orrery.Kernel.Random;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.FastSwitch;

/// <summary>
/// Priorities from outside: of all that the engine does they depend on nothing but, in the Markov pattern, on who was served. Each is a
/// function of the conversation and of how many refreshes there were, so systems that are compared see the same draws.
/// </summary>
internal sealed class PriorityDraws
{
    private readonly PriorityRefreshOptions _options;
    private readonly RandomStream _priorities;
    private readonly RandomStream _changes;

    public PriorityDraws(PriorityRefreshOptions options)
    {
        _options = options;
        RandomStream root = RandomStream.Root((ulong)options.Seed).Split("priority-refresh");
        _priorities = root.Split("priorities");
        _changes = root.Split("changes");
        PeriodSteps = options.Frequency > 0 ? (int)Math.Min(int.MaxValue, Math.Round(1 / options.Frequency)) : int.MaxValue;
    }

    /// <summary>Steps between two refreshes; <see cref="int.MaxValue"/> for never.</summary>
    public int PeriodSteps { get; }

    /// <summary>Priority in [0, 1), lower first, of a conversation that comes after so many refreshes.</summary>
    public double First(Sequence sequence, long refreshes) => _priorities.Keyed(KeyOf(sequence), refreshes);

    /// <summary>The priority after one more refresh.</summary>
    public double Next(Sequence sequence, double priority, bool wasServed, long refreshes)
    {
        if (_options.Pattern == PriorityPattern.Markov)
        {
            double keeps = wasServed ? _options.KeepServed : _options.KeepWaiting;
            if (_changes.Keyed(KeyOf(sequence), refreshes) < keeps) return priority;
        }
        return First(sequence, refreshes);
    }

    /// <summary>The turns of a conversation share their draws; requests without one have their own.</summary>
    private static long KeyOf(Sequence sequence) => sequence.Session >= 0 ? sequence.Session : ~sequence.Id;
}
