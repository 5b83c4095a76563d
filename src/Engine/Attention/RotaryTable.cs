using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Attention;

/// <summary>Cosines and sines of every pair and position, and the rotation of heads by them.</summary>
/// <remarks>
/// Angles are computed in double precision, in chunks of positions when one is first asked for; after that nothing is allocated. Threads may
/// rotate at the same time: two that meet an absent chunk compute the same numbers. Each pair (a, b) becomes fma(b, -s, a c) and fma(a, s, b c), so
/// both styles and all vector widths give the same bits.
/// </remarks>
public sealed unsafe class RotaryTable
{
    /// <summary>Positions that are computed together: 64 KiB for a head of 128.</summary>
    private const int ChunkPositions = 64;

    private readonly Lock _gate = new();
    private readonly double[] _frequencies;
    private readonly double _growth;
    private readonly RotaryOperations _operations;
    private float[]?[] _chunks = new float[]?[16];

    /// <exception cref="ArgumentException">An odd or negative number of dimensions, a factor that is not positive, or divisors of another length.</exception>
    public RotaryTable(RotarySettings settings)
        : this(settings, VectorOperations.BestWidth)
    {
    }

    internal RotaryTable(RotarySettings settings, VectorWidth width)
    {
        if (settings.Dimensions <= 0 || settings.Dimensions % 2 != 0) throw new ArgumentException($"a rotation needs an even number of elements, not {settings.Dimensions}");
        if (settings.Divisors is { } divisors && divisors.Count != settings.Dimensions / 2)
            throw new ArgumentException($"{divisors.Count} frequency divisors do not fit {settings.Dimensions / 2} pairs");
        if (!(settings.FrequencyBase > 0 && settings.LinearFactor > 0 && settings.Yarn is null or { Factor: > 0, OriginalContext: > 0 }))
            throw new ArgumentException("base, factors and context of a rotation are positive");
        Settings = settings;
        _operations = RotaryOperations.For(width);
        (_frequencies, _growth) = settings.Resolve();
    }

    public RotarySettings Settings { get; }

    /// <summary>Rotates the leading elements of one head in place.</summary>
    /// <param name="head">At least <see cref="RotarySettings.Dimensions"/> elements.</param>
    /// <param name="position">From zero.</param>
    public void Apply(float* head, int position) => Apply(head, 1, 0, position);

    /// <summary>Rotates several heads of one token in place.</summary>
    /// <param name="heads">The first head.</param>
    /// <param name="count">How many heads.</param>
    /// <param name="stride">Elements from one head to the next.</param>
    /// <param name="position">From zero.</param>
    public void Apply(float* heads, int count, int stride, int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        float[] chunk = ChunkOf(position / ChunkPositions);
        int dimensions = Settings.Dimensions;
        fixed (float* start = chunk)
        {
            float* cosines = start + ((long)(position % ChunkPositions) * 2 * dimensions);
            for (int h = 0; h < count; h++, heads += stride)
            {
                if (Settings.Style == RotaryStyle.Interleaved) _operations.Pairs(heads, cosines, cosines + dimensions, dimensions);
                else _operations.Halves(heads, cosines, cosines + dimensions, dimensions / 2);
            }
        }
    }

    /// <summary>Computes the table up to a position, so that no later call allocates.</summary>
    public void Reserve(int positions)
    {
        for (int chunk = 0; chunk * ChunkPositions < positions; chunk++) ChunkOf(chunk);
    }

    private float[] ChunkOf(int index)
    {
        float[]?[] chunks = Volatile.Read(ref _chunks);
        float[]? chunk = index < chunks.Length ? Volatile.Read(ref chunks[index]) : null;
        return chunk ?? Compute(index);
    }

    private float[] Compute(int index)
    {
        // One position: cosines, then sines, each written once per element so that both styles read them straight on.
        int dimensions = Settings.Dimensions;
        bool paired = Settings.Style == RotaryStyle.Interleaved;
        float[] chunk = new float[ChunkPositions * 2 * dimensions];
        for (int p = 0; p < ChunkPositions; p++)
        {
            Span<float> cosines = chunk.AsSpan(p * 2 * dimensions, dimensions);
            Span<float> sines = chunk.AsSpan((p * 2 * dimensions) + dimensions, dimensions);
            for (int i = 0; i < dimensions / 2; i++)
            {
                double angle = _frequencies[i] * (((long)index * ChunkPositions) + p);
                (int first, int second) = paired ? (2 * i, (2 * i) + 1) : (i, i + (dimensions / 2));
                cosines[first] = cosines[second] = (float)(Math.Cos(angle) * _growth);
                sines[second] = (float)(Math.Sin(angle) * _growth);
                sines[first] = -sines[second];
            }
        }
        lock (_gate)
        {
            if (index >= _chunks.Length)
            {
                float[]?[] larger = new float[]?[Math.Max(index + 1, 2 * _chunks.Length)];
                _chunks.CopyTo(larger, 0);
                Volatile.Write(ref _chunks, larger);
            }
            Volatile.Write(ref _chunks[index], chunk);
        }
        return chunk;
    }
}
