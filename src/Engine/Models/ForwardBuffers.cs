using Orrery.Engine.Kernels;

namespace Orrery.Engine.Models;

/// <summary>The numbers between the steps of a pass, one row a token; made once.</summary>
internal sealed unsafe class ForwardBuffers : IDisposable
{
    private readonly AlignedMemory _memory;
    private AlignedMemory _logits = new(0);

    public ForwardBuffers(ModelConfig config, int rows)
    {
        Rows = rows;
        int scores = Math.Max(1, config.Experts);
        long numbers = 0;
        long[] starts = [.. new[] { config.Width, config.Width, config.Width, config.QueryKeyValueRows, config.AttendedWidth, 2 * config.FeedForward, scores }
            .Select(columns => (numbers += Padded((long)rows * columns)) - Padded((long)rows * columns))];
        _memory = new AlignedMemory(numbers * sizeof(float));
        var start = (float*)_memory.Start;
        State = start + starts[0];
        Normed = start + starts[1];
        Delta = start + starts[2];
        Projected = start + starts[3];
        Attended = start + starts[4];
        Gated = start + starts[5];
        Scores = start + starts[6];
    }

    public int Rows { get; }

    /// <summary>[rows, width]: what layers add to.</summary>
    public float* State { get; }

    /// <summary>[rows, width]: the state, normalised for the next product.</summary>
    public float* Normed { get; }

    /// <summary>[rows, width]: what a layer adds, where it is normalised before.</summary>
    public float* Delta { get; }

    /// <summary>[rows, query | key | value].</summary>
    public float* Projected { get; }

    /// <summary>[rows, query heads × value size].</summary>
    public float* Attended { get; }

    /// <summary>[rows, gate | up]; after the activation the first half holds their product.</summary>
    public float* Gated { get; }

    /// <summary>[rows, experts].</summary>
    public float* Scores { get; }

    /// <summary>Room for logits; grows when more rows than ever are wanted.</summary>
    public float* Logits(int rows, int vocabulary)
    {
        long bytes = (long)rows * vocabulary * sizeof(float);
        if (bytes > _logits.ByteCount)
        {
            _logits.Dispose();
            _logits = new AlignedMemory(bytes);
        }
        return (float*)_logits.Start;
    }

    public void Dispose()
    {
        _memory.Dispose();
        _logits.Dispose();
    }

    private static long Padded(long numbers)
    {
        const int line = AlignedMemory.LineBytes / sizeof(float);
        return (numbers + line - 1) / line * line;
    }
}
