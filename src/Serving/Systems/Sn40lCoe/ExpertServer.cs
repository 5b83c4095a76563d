using Orrery.Kernel.Statistics;

namespace Orrery.Serving.Systems.Sn40lCoe;

/// <summary>One prompt: when it came and which expert the router will choose for it.</summary>
public readonly record struct ExpertPrompt(double ArrivalSeconds, int Expert);

/// <summary>What a prompt's group of equal experts takes, by its size.</summary>
/// <param name="Router">The router's pass over so many prompts.</param>
/// <param name="Run">Prefill and all decode steps of so many prompts.</param>
/// <param name="SwitchSeconds">One expert into fast memory.</param>
public sealed record ExpertTimes(Func<int, double> Router, Func<int, double> Run, double SwitchSeconds);

/// <summary>
/// Serves prompts with an own expert each on one machine: route what has come, take the first in line with all waiting of its expert,
/// bring that in if it is not resident, run the group to its end (a). With prefetch the router works beside a run, and the copy of the
/// next group's expert begins when that is known (a).
/// </summary>
public sealed class ExpertServer(ExpertTimes times, ExpertCache cache, int largestGroup, bool prefetch, bool groups)
{
    private const double NanosecondsPerSecond = 1e9;

    private readonly List<(ExpertPrompt Prompt, bool IsRouted)> _line = [];
    private IReadOnlyList<ExpertPrompt> _prompts = [];
    private int _nextArrival;
    private int _copying = -1;
    private double _copyEnd;

    /// <summary>Arrival to last token, of every prompt.</summary>
    public QuantileSketch Latency { get; } = new();

    public long Groups { get; private set; }

    public long Switches { get; private set; }

    /// <summary>Time that the machine waited for copies.</summary>
    public double WaitSeconds { get; private set; }

    /// <summary>When the last prompt left.</summary>
    public double EndSeconds { get; private set; }

    /// <summary>Serves prompts in the order of their arrival; may be called again with later ones.</summary>
    public void Serve(IReadOnlyList<ExpertPrompt> prompts, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        (_prompts, _nextArrival) = (prompts, 0);
        double now = EndSeconds;
        while (_nextArrival < prompts.Count || _line.Count > 0)
        {
            cancel.ThrowIfCancellationRequested();
            Admit(now);
            if (_line.Count == 0)
            {
                now = Math.Max(now, prompts[_nextArrival].ArrivalSeconds);
                continue;
            }
            now = Route(now);
            now = Run(now);
        }
        EndSeconds = now;
    }

    private void Admit(double now)
    {
        while (_nextArrival < _prompts.Count && _prompts[_nextArrival].ArrivalSeconds <= now) _line.Add((_prompts[_nextArrival++], false));
    }

    private double Route(double now)
    {
        int unrouted = _line.Count(waiting => !waiting.IsRouted);
        if (unrouted == 0) return now;
        for (int i = 0; i < _line.Count; i++) _line[i] = (_line[i].Prompt, true);
        return now + times.Router(unrouted);
    }

    private double Run(double now)
    {
        int expert = _line[0].Prompt.Expert;
        List<ExpertPrompt> group = [];
        for (int i = 0; i < _line.Count && group.Count < (groups ? largestGroup : 1);)
        {
            if (_line[i].Prompt.Expert == expert)
            {
                group.Add(_line[i].Prompt);
                _line.RemoveAt(i);
            }
            else
            {
                i++;
            }
        }
        double start = Fetch(expert, now, pinned: -1);
        WaitSeconds += start - now;
        double end = start + times.Run(group.Count);
        if (prefetch && cache.Capacity > 1) LookAhead(expert, start, end);
        foreach (ExpertPrompt prompt in group) Latency.Add((long)Math.Round((end - prompt.ArrivalSeconds) * NanosecondsPerSecond));
        Groups++;
        return end;
    }

    /// <summary>When an expert is in fast memory, if it is asked for now.</summary>
    private double Fetch(int expert, double now, int pinned)
    {
        // One copy at a time; it may be the one that is asked for.
        if (cache.Use(expert, pinned)) return _copying == expert ? Math.Max(now, _copyEnd) : now;
        Switches++;
        (_copying, _copyEnd) = (expert, Math.Max(now, _copyEnd) + times.SwitchSeconds);
        return _copyEnd;
    }

    /// <summary>During a run the router looks at who comes, and the first in line after it has its expert copied.</summary>
    private void LookAhead(int running, double start, double end)
    {
        double known = start;
        if (_line.Count == 0)
        {
            if (_nextArrival == _prompts.Count) return;
            known = Math.Max(start, _prompts[_nextArrival].ArrivalSeconds) + times.Router(1);
            if (known > end) return;
            _line.Add((_prompts[_nextArrival++], true));
        }
        Fetch(_line[0].Prompt.Expert, known, pinned: running);
        // Whom the router has read by the end of the run need not be routed after it.
        while (_nextArrival < _prompts.Count && _prompts[_nextArrival].ArrivalSeconds + times.Router(1) <= end) _line.Add((_prompts[_nextArrival++], true));
    }
}
