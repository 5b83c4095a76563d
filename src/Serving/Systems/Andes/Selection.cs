using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Metrics;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Andes;

/// <summary>
/// One decision: everybody's QoE at now + dt when served in a batch of B and when waiting, and the batch with the largest total gain.
/// Predictions take constant time each: the read-out of a response has a closed form.
/// </summary>
/// <remarks>
/// Serving yields one token every latency(B), the first after the prompt, the recomputation or the copy back. The length of a response is
/// unknown, so tokens are due without an end; both versions of QoE then agree as far as nobody reads ahead. With a limit on batch sizes
/// a decision costs that many packings of O(N log N); few requests (no more batch sizes than the limit) are searched exhaustively.
/// </remarks>
internal sealed class Selection(AndesOptions options, LatencyProfile profile)
{
    /// <summary>QoE this close to 1 is perfect: areas are sums of rounded nanoseconds.</summary>
    private const double Perfect = 1 - 1e-9;

    private Prospect[] _prospects = new Prospect[64];
    private PackItem[] _items = new PackItem[64];
    private Packing.Key[] _keys = new Packing.Key[64];
    private int[] _order = new int[64];
    private int[] _bestOrder = new int[64];
    private bool[] _taken = new bool[64];
    private bool[] _bestTaken = new bool[64];
    private long _context;
    private long _tightest = long.MaxValue;

    /// <summary>Q_min: the lowest QoE of now.</summary>
    private double _lowest;

    public int Count { get; private set; }

    /// <summary>All candidates, best first.</summary>
    public Sequence At(int rank) => _prospects[_bestOrder[rank]].Sequence;

    public bool IsRunning(int rank) => _items[_bestOrder[rank]].Runs;

    public bool IsTaken(int rank) => _bestTaken[_bestOrder[rank]];

    public void Clear()
    {
        Array.Clear(_prospects, 0, Count);
        Count = 0;
        _context = 0;
        _tightest = long.MaxValue;
    }

    public void Add(Sequence sequence, bool runs, IKvMemory memory)
    {
        if (Count == _items.Length)
        {
            int size = Count * 2;
            Array.Resize(ref _prospects, size);
            Array.Resize(ref _items, size);
            Array.Resize(ref _keys, size);
            Array.Resize(ref _order, size);
            Array.Resize(ref _bestOrder, size);
            Array.Resize(ref _taken, size);
            Array.Resize(ref _bestTaken, size);
        }
        _context += sequence.TotalTokens;
        _tightest = Math.Min(_tightest, sequence.Reading.TokenInterval.Nanoseconds);
        _prospects[Count] = new() { Sequence = sequence };
        _items[Count++] = new(0, sequence.TotalTokens, memory.BlocksFor(sequence.TotalTokens), runs);
    }

    /// <summary>Chooses the batch.</summary>
    /// <param name="view">The replica.</param>
    /// <param name="limits">Memory for the candidates.</param>
    /// <param name="slots">Most of them in a batch.</param>
    /// <param name="meanCompletion">Mean time to finish so far; null before anybody did.</param>
    public void Choose(ReplicaView view, PackLimits limits, int slots, Duration? meanCompletion)
    {
        LookAhead(view, meanCompletion, slots);
        ReadOnlySpan<PackItem> items = _items.AsSpan(0, Count);
        int most = Math.Max(1, Math.Min(slots, Packing.MostThatFit(items, limits.Blocks, _order)));
        int least = LeastBatch(most);
        int sizes = most - least + 1;
        if (options.BatchSizes is { } cap) sizes = Math.Min(sizes, cap);
        double best = double.NegativeInfinity;
        // From the most on: of equal gains the larger batch serves more.
        for (int i = 0; i < sizes; i++)
        {
            int batch = sizes == 1 ? most : most - (int)((long)(most - least) * i / (sizes - 1));
            WeighAt(profile.Decode(batch, Count, _context).Nanoseconds);
            double gain = Packing.Pack(items, batch, limits, _order, _taken, _keys).Gain;
            if (gain <= best) continue;
            best = gain;
            (_order, _bestOrder) = (_bestOrder, _order);
            (_taken, _bestTaken) = (_bestTaken, _taken);
        }
    }

    /// <summary>B_min: the largest batch whose steps still keep up with the fastest reader.</summary>
    private int LeastBatch(int most)
    {
        int low = 1;
        int high = most;
        while (low < high)
        {
            int middle = low + ((high - low + 1) / 2);
            if (profile.Decode(middle, Count, _context).Nanoseconds <= _tightest) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    private void LookAhead(ReplicaView view, Duration? meanCompletion, int slots)
    {
        Duration all = profile.Decode(Math.Min(Count, slots), Count, _context);
        long ahead = options.Horizon switch
        {
            Horizon.Time => options.HorizonTime.Nanoseconds,
            Horizon.Completion when meanCompletion is { } mean => mean.Nanoseconds,
            _ => all.Nanoseconds * options.HorizonSteps,
        };
        double lowest = 1;
        for (int i = 0; i < Count; i++)
        {
            ref Prospect prospect = ref _prospects[i];
            Sequence sequence = prospect.Sequence;
            long interval = sequence.Reading.TokenInterval.Nanoseconds;
            prospect.Now = (view.Now - sequence.Arrival).Nanoseconds;
            prospect.Until = prospect.Now + ahead;
            prospect.Read = sequence.Digestion.AreaBy(prospect.Until, interval);
            prospect.Due = Digestion.AreaDue(sequence.Reading, prospect.Until);
            (prospect.Restore, prospect.TakesStep) = Restore(sequence, view);
            if (options.Gain == Gain.Average) continue;
            prospect.Present = Quality(sequence.Digestion.AreaBy(prospect.Now, interval), Digestion.AreaDue(sequence.Reading, prospect.Now));
            lowest = Math.Min(lowest, prospect.Present);
        }
        _lowest = lowest;
    }

    private void WeighAt(long latency)
    {
        for (int i = 0; i < Count; i++)
        {
            ref Prospect prospect = ref _prospects[i];
            Sequence sequence = prospect.Sequence;
            double wait = Quality(prospect.Read, prospect.Due);
            long first = prospect.Now + prospect.Restore + (prospect.TakesStep ? latency : 0);
            double more = sequence.Digestion.AreaOfMore(prospect.Until, sequence.Reading.TokenInterval.Nanoseconds, first, Math.Max(1, latency));
            double serve = Quality(prospect.Read + more, prospect.Due);
            _items[i] = _items[i] with { Gain = GainOf(serve, wait, prospect.Present) };
        }
    }

    private double GainOf(double serve, double wait, double present) => options.Gain switch
    {
        Gain.MaxMin => Math.Max(0, _lowest - wait),
        Gain.Perfect => present >= Perfect && serve >= Perfect && wait < Perfect ? 1 : 0,
        _ => serve - wait,
    };

    /// <summary>Time before tokens flow again, and whether a decode step comes after it: a prompt step yields a token itself.</summary>
    private (long Nanoseconds, bool TakesStep) Restore(Sequence sequence, ReplicaView view)
    {
        long copy = 0;
        if (sequence.IsOnHost && view.Swap is { } swap)
            copy = swap.TimeFor(sequence.ComputedTokens, view.Memory.RunsFor(sequence.ComputedTokens)).Nanoseconds;
        return sequence.MissingTokens == 1 ? (copy, true) : (copy + profile.Prefill(sequence.MissingTokens).Nanoseconds, false);
    }

    private static double Quality(double read, double due) => due <= 0 ? 1 : Math.Min(1, read / due);

    private struct Prospect
    {
        public Sequence Sequence;
        public long Now;
        public long Until;
        public long Restore;
        public bool TakesStep;
        public double Read;
        public double Due;
        public double Present;
    }
}
