using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Sequences;
using Orrery.Serving.Speculation;

namespace Orrery.Live.Tapes;

/// <summary>In place of the engine: steps end when the tape says so, with what it says came of them.</summary>
internal sealed class TapeExecutor(Clock clock) : IStepExecutor, IAcceptance, IProposals
{
    private StepRun? _running;
    private IReadOnlyDictionary<long, int> _accepted = new Dictionary<long, int>();

    public int Depth => 1;

    public bool RunsAhead => false;

    public Instant ReadyAt => Instant.Zero;

    /// <summary>For whom the tape's next decision had found proposals.</summary>
    public Func<IReadOnlySet<long>> NextProposed { get; set; } = static () => new HashSet<long>();

    public List<long> Proposed { get; } = [];

    public void Start(StepRun run) => _running = run;

    public void Extend(StepRun run) => throw new InvalidOperationException("steps of a tape end one by one");

    /// <summary>The step that runs ends now. False: none runs.</summary>
    public bool TryComplete(IReadOnlyDictionary<long, int> accepted, IReadOnlyDictionary<long, int> final)
    {
        if (_running is not { } run) return false;
        _running = null;
        _accepted = accepted;
        foreach (ref readonly PlanItem item in run.Plan.Items)
            if (final.TryGetValue(item.Sequence.Id, out int tokens)) item.Sequence.EndAt(tokens);
        run.Complete(clock.Now);
        return true;
    }

    public int Accepted(Sequence sequence, int draftTokens) => _accepted.GetValueOrDefault(sequence.Id);

    public bool HasSome(Sequence sequence)
    {
        bool has = NextProposed().Contains(sequence.Id);
        if (has) Proposed.Add(sequence.Id);
        return has;
    }
}
