namespace Orrery.World.Overlap;

/// <summary>
/// Plays the operations of chained layers: at every event each idle class starts its ready operation with the longest path to the end,
/// running operations progress at the speed of their class in the set that runs, and time moves on to the earliest completion.
/// </summary>
/// <remarks>
/// Source: pipeline simulation of NanoFlow's search (d). At most one operation per class runs at a time. The result is the time from the
/// start of a layer to the start of the next, in steady state. Buffers are kept; one object serves one caller at a time.
/// </remarks>
public sealed class LayerPipeline
{
    /// <summary>Layers that are played; the first one fills the pipeline, the time is taken between the second and the last.</summary>
    private const int Chained = 4;

    private const int Count = Chained * LayerOperations.PerLayer;

    /// <summary>Less than this is rounding, in nanoseconds: nobody works for a millionth of one.</summary>
    private const double Nothing = 1e-6;

    private const int Marks = 2 * Chained;

    private readonly int[] _needs = new int[Count];
    private readonly int[][] _ready = [new int[Count], new int[Count], new int[Count]];
    private readonly int[] _readyCount = new int[3];
    private readonly int[] _running = new int[3];
    private readonly double[] _left = new double[3];
    private readonly double[] _starts = new double[Marks];

    /// <summary>Longest way from each operation's start to the end of its layer: what <see cref="LayerNanoseconds"/> ranks by.</summary>
    /// <param name="durations">Nanoseconds alone on the device, by nano-batch and operation; 0 for what does not exist.</param>
    /// <param name="tails">Filled with one value per operation.</param>
    public static void Tails(ReadOnlySpan<double> durations, Span<double> tails)
    {
        for (int op = LayerOperations.PerLayer - 1; op >= 0; op--)
        {
            int nano = op / LayerOperations.PerNanoBatch * LayerOperations.PerNanoBatch;
            double longest = 0;
            foreach (int next in LayerOperations.Next[op - nano]) longest = Math.Max(longest, tails[nano + next]);
            tails[op] = durations[op] + longest;
        }
    }

    /// <summary>Time per layer in steady state, in nanoseconds: never less than the busiest class, never more than one after the other.</summary>
    /// <param name="durations">As in <see cref="Tails"/>.</param>
    /// <param name="tails">Ranks: of these durations, or of those that the order was searched with.</param>
    /// <param name="speeds">By running set and class (<see cref="PhaseShares.Speeds"/>).</param>
    public double LayerNanoseconds(ReadOnlySpan<double> durations, ReadOnlySpan<double> tails, ReadOnlySpan<double> speeds)
    {
        double busiest = Busiest(durations, out double sum);
        if (sum == 0) return 0;
        Play(durations, tails, speeds);
        double perLayer = 0;
        for (int nano = 0; nano < 2; nano++)
        {
            double between = _starts[(2 * (Chained - 1)) + nano] - _starts[2 + nano];
            perLayer = Math.Max(perLayer, between / (Chained - 2));
        }
        // Both hold for a long chain; a short one may be in the middle of a pattern that spans several layers.
        return Math.Clamp(perLayer, busiest, Math.Max(busiest, sum));
    }

    /// <summary>A bound without playing: the busiest class, or all work at the rate of the fastest set.</summary>
    internal static double AtLeast(ReadOnlySpan<double> durations, double fastestSet)
    {
        double busiest = Busiest(durations, out double sum);
        return Math.Max(busiest, sum / fastestSet);
    }

    private static double Busiest(ReadOnlySpan<double> durations, out double sum)
    {
        sum = 0;
        Span<double> busy = [0, 0, 0];
        for (int op = 0; op < LayerOperations.PerLayer; op++)
        {
            sum += durations[op];
            busy[(int)LayerOperations.Class[op % LayerOperations.PerNanoBatch]] += durations[op];
        }
        return Math.Max(busy[0], Math.Max(busy[1], busy[2]));
    }

    private void Play(ReadOnlySpan<double> durations, ReadOnlySpan<double> tails, ReadOnlySpan<double> speeds)
    {
        Begin(durations, tails, out double layerPath, out int marksLeft);
        double now = 0;
        while (true)
        {
            int set = 0;
            for (int c = 0; c < 3; c++)
            {
                if (_running[c] < 0) Start(c, now, durations, tails, layerPath, ref marksLeft);
                if (_running[c] >= 0) set |= 1 << c;
            }
            if (marksLeft == 0 || set == 0) return;
            double step = double.PositiveInfinity;
            for (int c = 0; c < 3; c++)
                if (_running[c] >= 0) step = Math.Min(step, _left[c] / speeds[(3 * set) + c]);
            now += step;
            for (int c = 0; c < 3; c++)
            {
                if (_running[c] < 0) continue;
                _left[c] -= step * speeds[(3 * set) + c];
                if (_left[c] > Nothing) continue;
                int finished = _running[c];
                _running[c] = -1;
                Complete(finished, now, durations, ref marksLeft);
            }
        }
    }

    private void Begin(ReadOnlySpan<double> durations, ReadOnlySpan<double> tails, out double layerPath, out int marksLeft)
    {
        for (int op = 0; op < Count; op++) _needs[op] = LayerOperations.Needs[op % LayerOperations.PerNanoBatch];
        Array.Clear(_readyCount);
        Array.Fill(_running, -1);
        Array.Clear(_starts);
        layerPath = 0;
        foreach (double tail in tails) layerPath = Math.Max(layerPath, tail);
        marksLeft = Marks;
        for (int nano = 0; nano < 2; nano++)
            for (int part = 0; part < 2; part++)
                MakeReady((nano * LayerOperations.PerNanoBatch) + part, 0, durations, ref marksLeft);
    }

    private void Start(int c, double now, ReadOnlySpan<double> durations, ReadOnlySpan<double> tails, double layerPath, ref int marksLeft)
    {
        int[] ready = _ready[c];
        int count = _readyCount[c];
        if (count == 0) return;
        int best = 0;
        double longest = double.NegativeInfinity;
        for (int i = 0; i < count; i++)
        {
            int layer = ready[i] / LayerOperations.PerLayer;
            double path = tails[ready[i] - (layer * LayerOperations.PerLayer)] - (layer * layerPath);
            // Equal paths: the earlier operation, so that the result does not hang on the order of completions.
            if (path < longest || (path == longest && ready[i] > ready[best])) continue;
            longest = path;
            best = i;
        }
        int op = ready[best];
        ready[best] = ready[count - 1];
        _readyCount[c] = count - 1;
        _running[c] = op;
        _left[c] = durations[op % LayerOperations.PerLayer];
        Mark(op, now, ref marksLeft);
    }

    private void MakeReady(int op, double now, ReadOnlySpan<double> durations, ref int marksLeft)
    {
        if (durations[op % LayerOperations.PerLayer] > Nothing)
        {
            int c = (int)LayerOperations.Class[op % LayerOperations.PerNanoBatch];
            _ready[c][_readyCount[c]++] = op;
            return;
        }
        // What does not exist takes no turn on the device.
        Mark(op, now, ref marksLeft);
        Complete(op, now, durations, ref marksLeft);
    }

    private void Complete(int op, double now, ReadOnlySpan<double> durations, ref int marksLeft)
    {
        int within = op % LayerOperations.PerNanoBatch;
        if (within == (int)LayerOperation.FeedForwardReduce)
        {
            int next = op - within + LayerOperations.PerLayer;
            if (next >= Count) return;
            for (int part = 0; part < 2; part++)
                if (--_needs[next + part] == 0) MakeReady(next + part, now, durations, ref marksLeft);
            return;
        }
        foreach (int next in LayerOperations.Next[within])
            if (--_needs[op - within + next] == 0) MakeReady(op - within + next, now, durations, ref marksLeft);
    }

    private void Mark(int op, double now, ref int marksLeft)
    {
        if (op % LayerOperations.PerNanoBatch != (int)LayerOperation.InputProjection0) return;
        _starts[op / LayerOperations.PerNanoBatch] = now;
        marksLeft--;
    }
}
