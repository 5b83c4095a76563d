using System.Runtime.Intrinsics;
using Orrery.Engine.Threads;
using static Orrery.Engine.Kernels.Formats.TileLayout;

namespace Orrery.Engine.Kernels;

/// <summary>
/// Rows of activations, made ready once and then multiplied by several matrices: as 16-bit integers with a scale for each 32 columns (for quantised
/// weights), or as singles. Rows are interleaved by four, so that a kernel walks four of them with one pointer.
/// </summary>
/// <remarks>
/// Sixteen bits instead of eight: a product of 16-bit pairs costs the same instruction as one that must first widen eight-bit numbers, and its
/// rounding error (at most the block's largest magnitude / 65,534 a number) vanishes beside that of the weights.
/// </remarks>
public sealed unsafe class Activations : IDisposable
{
    /// <summary>Largest magnitude of a quantised activation.</summary>
    internal const float Limit = short.MaxValue;

    /// <summary>Rows that a kernel takes together.</summary>
    internal const int GroupRows = 4;

    /// <summary>Adding and subtracting 1.5 × 2^23 rounds to the nearest integer, ties to even, on every processor alike.</summary>
    private const float Rounder = 12582912f;

    /// <summary>Numbers below which one thread prepares them faster than several: some ten microseconds of work.</summary>
    private const int NumbersWorthSharing = 16384;

    private readonly WorkerPool _pool;
    private readonly Preparation _preparation;
    private readonly AlignedMemory _memory;
    private readonly int _maxRows;
    private readonly int _maxColumns;
    private bool _isQuantised;
    private bool _isInterleaved;

    /// <param name="maxRows">Most rows of one load.</param>
    /// <param name="maxColumns">Most columns of a row.</param>
    /// <param name="pool">Threads that prepare many rows together.</param>
    public Activations(int maxRows, int maxColumns, WorkerPool pool)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxColumns, 1);
        (_maxRows, _maxColumns, _pool) = (maxRows, maxColumns, pool);
        long columns = (maxColumns + BlockColumns - 1L) / BlockColumns * BlockColumns;
        long values = maxRows * columns;
        long blocks = values / BlockColumns;
        _memory = new AlignedMemory((values * (sizeof(short) + sizeof(float))) + (blocks * (sizeof(float) + (2 * sizeof(int)) + (3 * sizeof(float)))) + (5 * AlignedMemory.LineBytes));
        byte* at = _memory.Start;
        Pairs = (int*)Take(ref at, values * sizeof(short));
        Values = (float*)Take(ref at, values * sizeof(float));
        Scales = (float*)Take(ref at, blocks * sizeof(float));
        Sums = (int*)Take(ref at, blocks * 2 * sizeof(int));
        Weighted = (float*)Take(ref at, blocks * 3 * sizeof(float));
        _preparation = new Preparation(this);
    }

    /// <summary>Rows loaded.</summary>
    public int Count { get; private set; }

    /// <summary>Columns of each row loaded.</summary>
    public int Columns { get; private set; }

    /// <summary>Blocks of 32 columns in a row; the last may be partly empty.</summary>
    internal int Blocks => (Columns + BlockColumns - 1) / BlockColumns;

    /// <summary>Pairs of 16-bit integers: of a group of G rows from row r at [r × 16 blocks + (block × 16 + pair) × G + row].</summary>
    internal int* Pairs { get; }

    /// <summary>Singles: of a group of G rows from row r at [r × columns + column × G + row].</summary>
    internal float* Values { get; }

    /// <summary>Scales: [r × blocks + block × G + row].</summary>
    internal float* Scales { get; }

    /// <summary>Integer sums of the first and second half of a block: [(r × blocks + block × G) × 2 + half × G + row].</summary>
    internal int* Sums { get; }

    /// <summary>Scale × sum of the whole block, its first half and its second: [(r × blocks + block × G) × 3 + part × G + row].</summary>
    internal float* Weighted { get; }

    private float* Source { get; set; }

    private int Stride { get; set; }

    /// <summary>Takes rows; they are read when the first product asks for them, and must not change until the last.</summary>
    /// <param name="rows">The first row.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="columns">Numbers in a row.</param>
    /// <param name="stride">Numbers from one row's start to the next.</param>
    /// <exception cref="ArgumentOutOfRangeException">More rows or columns than there is room for.</exception>
    public void Load(float* rows, int count, int columns, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _maxRows);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(columns, _maxColumns);
        Source = rows;
        (Count, Columns, Stride) = (count, columns, stride);
        _isQuantised = false;
        _isInterleaved = false;
    }

    public void Dispose() => _memory.Dispose();

    /// <summary>Makes <see cref="Pairs"/>, <see cref="Scales"/> and the sums, if they are not there yet.</summary>
    internal void Quantise()
    {
        if (_isQuantised) return;
        Prepare(asIntegers: true);
        _isQuantised = true;
    }

    /// <summary>Makes <see cref="Values"/>, if they are not there yet.</summary>
    internal void Interleave()
    {
        if (_isInterleaved) return;
        Prepare(asIntegers: false);
        _isInterleaved = true;
    }

    /// <summary>Rows that a kernel takes together from a row on: four, then two, then one.</summary>
    internal static int GroupAt(int row, int count) => Math.Min(count - row, GroupRows) switch { >= GroupRows => GroupRows, >= 2 => 2, _ => 1 };

    private static byte* Take(ref byte* at, long bytes)
    {
        byte* start = at;
        at += AlignedMemory.RoundUp(bytes);
        return start;
    }

    private void Prepare(bool asIntegers)
    {
        _preparation.AsIntegers = asIntegers;
        if (Count > GroupRows && (long)Count * Columns >= NumbersWorthSharing) _pool.Run(_preparation);
        else _preparation.Run(0, 1);
    }

    private void QuantiseRow(int row, int group, int lane)
    {
        float* source = Source + ((long)row * Stride);
        int first = row - lane;
        int blocks = Blocks;
        int* pairs = Pairs + ((long)first * blocks * PairsPerBlock) + lane;
        long block0 = (long)first * blocks;
        float* padded = stackalloc float[BlockColumns];
        for (int block = 0; block < blocks; block++, source += BlockColumns, pairs += PairsPerBlock * group)
        {
            float* values = source;
            int left = Columns - (block * BlockColumns);
            if (left < BlockColumns)
            {
                new Span<float>(padded, BlockColumns).Clear();
                new ReadOnlySpan<float>(source, left).CopyTo(new Span<float>(padded, left));
                values = padded;
            }
            float scale = Largest(values) / Limit;
            Round(values, scale == 0 ? 0 : 1 / scale, pairs, group, out int sum0, out int sum1);
            long at = block0 + ((long)block * group);
            Scales[at + lane] = scale;
            Sums[(2 * at) + lane] = sum0;
            Sums[(2 * at) + group + lane] = sum1;
            Weighted[(3 * at) + lane] = scale * (sum0 + sum1);
            Weighted[(3 * at) + group + lane] = scale * sum0;
            Weighted[(3 * at) + (2 * group) + lane] = scale * sum1;
        }
    }

    private static float Largest(float* values)
    {
        Vector256<float> largest = Vector256<float>.Zero;
        for (int i = 0; i < BlockColumns; i += Vector256<float>.Count) largest = Vector256.Max(largest, Vector256.Abs(Vector256.Load(values + i)));
        Vector128<float> four = Vector128.Max(largest.GetLower(), largest.GetUpper());
        return Math.Max(Math.Max(four[0], four[1]), Math.Max(four[2], four[3]));
    }

    private static void Round(float* values, float inverse, int* pairs, int group, out int sum0, out int sum1)
    {
        int* codes = stackalloc int[BlockColumns];
        Vector256<float> rounder = Vector256.Create(Rounder);
        Vector256<int> lower = Vector256<int>.Zero;
        Vector256<int> upper = Vector256<int>.Zero;
        for (int i = 0; i < BlockColumns; i += Vector256<float>.Count)
        {
            Vector256<float> scaled = Vector256.Load(values + i) * inverse;
            Vector256<int> code = Vector256.ConvertToInt32(scaled + rounder - rounder);
            // The inverse of a tiny scale may round up; a code beyond 16 bits would spill into its neighbour.
            code = Vector256.Min(Vector256.Max(code, Vector256.Create(-(int)Limit)), Vector256.Create((int)Limit));
            code.Store(codes + i);
            if (i < BlockColumns / 2) lower += code;
            else upper += code;
        }
        sum0 = Vector256.Sum(lower);
        sum1 = Vector256.Sum(upper);
        for (int pair = 0; pair < PairsPerBlock; pair++)
        {
            int column = Formats.TileLayout.FirstColumn(pair);
            pairs[pair * group] = (codes[column] & 0xFFFF) | (codes[column + 2] << 16);
        }
    }

    private void InterleaveRow(int row, int group, int lane)
    {
        float* source = Source + ((long)row * Stride);
        float* target = Values + ((long)(row - lane) * Columns) + lane;
        for (int column = 0; column < Columns; column++) target[(long)column * group] = source[column];
    }

    /// <summary>Prepares the rows of whole groups, a share of the groups on each thread.</summary>
    private sealed class Preparation(Activations owner) : IParallelWork
    {
        public bool AsIntegers { get; set; }

        public void Run(int worker, int workers)
        {
            int count = owner.Count;
            for (int row = 0, number = 0, group; row < count; row += group, number++)
            {
                group = GroupAt(row, count);
                if (number % workers != worker) continue;
                for (int lane = 0; lane < group; lane++)
                {
                    if (AsIntegers) owner.QuantiseRow(row + lane, group, lane);
                    else owner.InterleaveRow(row + lane, group, lane);
                }
            }
        }
    }
}
