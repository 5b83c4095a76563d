using Orrery.World.Steps;

namespace Orrery.World.Cost;

/// <summary>
/// Sum over decodes of min(context + k, window), exactly and for any k: contexts still inside the window are sorted once, and the number
/// that has reached it by step k is found by bisection. Buffers are kept from step to step.
/// </summary>
internal sealed class DecodeWindow
{
    private int[] _growing = new int[64];
    private long[] _sumBefore = new long[65];
    private int _growingCount;
    private int _sequences;

    public DecodeWindow(int tokens) => Tokens = tokens;

    public int Tokens { get; }

    public void Prepare(StepShape shape)
    {
        ReadOnlySpan<int> contexts = shape.DecodeContexts;
        if (_growing.Length < contexts.Length)
        {
            int capacity = Math.Max(contexts.Length, _growing.Length * 2);
            _growing = new int[capacity];
            _sumBefore = new long[capacity + 1];
        }
        int count = 0;
        foreach (int context in contexts)
            if (context < Tokens) _growing[count++] = context;
        Array.Sort(_growing, 0, count);
        for (int i = 0; i < count; i++) _sumBefore[i + 1] = _sumBefore[i] + _growing[i];
        _growingCount = count;
        _sequences = contexts.Length;
    }

    public long ContextAt(int k)
    {
        int low = 0;
        int high = _growingCount;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_growing[middle] < (long)Tokens - k) low = middle + 1;
            else high = middle;
        }
        return _sumBefore[low] + ((long)low * k) + ((long)(_sequences - low) * Tokens);
    }
}
