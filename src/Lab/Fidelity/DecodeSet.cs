namespace Orrery.Lab.Fidelity;

/// <summary>
/// The sequences that decode. All advance together, so a sequence is known by the progress at which it ends, and contexts by one sum.
/// </summary>
internal sealed class DecodeSet(FixedConcurrency load)
{
    /// <summary>Progress is a sum of step counts; this is far below one step.</summary>
    private const double Slack = 1e-6;

    private readonly PriorityQueue<int, (double End, int Request)> _ends = new();

    /// <summary>Σ (prompt + 1 − progress at start): contexts without the progress since.</summary>
    private double _contextBase;

    public int Count => _ends.Count;

    /// <summary>Steps since the beginning; fractions where prompts elsewhere cut a step.</summary>
    public double Progress { get; private set; }

    /// <summary>Mean tokens that a sequence attends; 0 for none.</summary>
    public double MeanContext => Count == 0 ? 0 : (_contextBase / Count) + Progress;

    /// <summary>Steps until the first sequence ends.</summary>
    public double StepsToEnd => _ends.TryPeek(out _, out (double End, int) first) ? Math.Max(0, first.End - Progress) : double.PositiveInfinity;

    /// <param name="request">It has its first token and at least one to come.</param>
    public void Add(int request)
    {
        _ends.Enqueue(request, (Progress + load.Output(request) - 1, request));
        _contextBase += load.Prompt(request) + 1 - Progress;
    }

    public void Advance(double steps) => Progress += steps;

    /// <summary>Takes out a sequence that has ended.</summary>
    public bool TryTake(out int request)
    {
        if (!_ends.TryPeek(out request, out (double End, int) first) || first.End > Progress + Slack) return false;
        _ends.Dequeue();
        // What it added, and what it attends now leaves with it: base + progress at its start.
        _contextBase -= load.Prompt(request) + load.Output(request) - first.End;
        return true;
    }
}
