using System.Runtime.CompilerServices;
using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Attention;

/// <summary>The steps written once; <typeparamref name="T"/> is always a group of sixteen lanes.</summary>
internal sealed unsafe class AttentionOperations<T> : AttentionOperations
    where T : struct, ILanes<T>
{
    private const int Tile = ScoreTile<T>.QueryRows;
    private const int Row = AttentionSegments.ScoreStride;
    private const int PageTokens = KvStore.PageTokens;

    /// <summary>Half a tile; also the rows up to which the smaller tile does the work.</summary>
    private const int SmallTile = Tile / 2;

    /// <summary>Only the widest vectors have registers for the large tiles.</summary>
    private static bool HasManyRegisters => typeof(T) == typeof(Lanes512);

    public override void Segment(in AttentionBlock block, int segment, int group, float softCap, KvStore store, int* pageTable, AttentionWorkspace work)
    {
        AttentionSpan span = block.Span;
        int firstPosition = span.FirstPosition + (block.FirstRow / group);
        int lastPosition = span.FirstPosition + ((block.FirstRow + block.Rows - 1) / group);
        int segmentStart = segment * AttentionSegments.Tokens;
        int firstPage = Math.Max(segmentStart, AttentionSegments.FirstSeen(firstPosition, span.Window)) / PageTokens;
        int lastPage = Math.Min(segmentStart + AttentionSegments.Tokens - 1, lastPosition) / PageTokens;
        KvLayout layout = store.Layout;
        var pages = new BlockPages(store, block, pageTable, lastPosition / PageTokens);
        for (int page = firstPage; page <= lastPage; page += AttentionWorkspace.PagesAtOnce)
        {
            // A last odd page is taken twice; the second result falls into the room behind the scores and is never read.
            bool odd = page == lastPage;
            bool more = page + AttentionWorkspace.PagesAtOnce <= lastPage;
            // Behind the last keys come the first values.
            byte* next0 = more ? pages.At(page + 2) : pages.At(firstPage) + layout.ValueOffset;
            byte* next1 = more ? pages.At(page + 3) : pages.At(firstPage + 1) + layout.ValueOffset;
            PagePair keys = default;
            keys.First = PageDecoder<T>.Keys(layout, pages.At(page), next0, work.Pages, out keys.FirstAhead);
            if (odd) keys.Second = keys.First;
            else keys.Second = PageDecoder<T>.Keys(layout, pages.At(page + 1), next1, work.Pages + (PageTokens * layout.KeySize), out keys.SecondAhead);
            Scores(block.Rows, work.Queries, keys, layout.KeySize, work.Scores + ((page * PageTokens) - segmentStart));
        }
        for (int row = 0; row < block.Rows; row++)
        {
            int position = span.FirstPosition + ((block.FirstRow + row) / group);
            int first = Math.Max(AttentionSegments.FirstSeen(position, span.Window) - segmentStart, 0);
            int last = Math.Min(position - segmentStart, AttentionSegments.Tokens - 1);
            Weigh(work.Scores + (row * Row), (firstPage * PageTokens) - segmentStart, ((lastPage + 1) * PageTokens) - segmentStart, first, last, softCap,
                out work.SegmentMaxima[row], out work.SegmentSums[row]);
        }
        int rows = (block.Rows + Tile - 1) / Tile * Tile;
        new Span<float>(work.SegmentOutputs, rows * layout.ValueStride).Clear();
        for (int page = firstPage; page <= lastPage; page += AttentionWorkspace.PagesAtOnce)
        {
            bool odd = page == lastPage;
            // Behind the last values come the keys of the next segment.
            long back = page + AttentionWorkspace.PagesAtOnce <= lastPage ? 0 : layout.ValueOffset;
            PagePair values = default;
            values.First = PageDecoder<T>.Values(layout, pages.At(page), pages.At(page + 2) - back, work.Pages, out values.FirstAhead);
            // Slots behind the last position hold nothing yet, perhaps not even numbers.
            values.FirstTokens = Math.Min(PageTokens, lastPosition + 1 - (page * PageTokens));
            if (!odd)
            {
                float* buffer = work.Pages + (PageTokens * layout.ValueStride);
                values.Second = PageDecoder<T>.Values(layout, pages.At(page + 1), pages.At(page + 3) - back, buffer, out values.SecondAhead);
                values.SecondTokens = Math.Min(PageTokens, lastPosition + 1 - ((page + 1) * PageTokens));
            }
            Values(block.Rows, work.Scores + ((page * PageTokens) - segmentStart), values, layout.ValueStride, work.SegmentOutputs);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Join(int rows, int stride, float* segmentMaxima, float* segmentSums, float* segmentOutputs, float* maxima, float* sums, float* outputs)
    {
        for (int row = 0; row < rows; row++, segmentOutputs += stride, outputs += stride)
        {
            // A row whose window begins later, or whose position lies earlier, sees nothing of this segment.
            if (float.IsNegativeInfinity(segmentMaxima[row])) continue;
            float maximum = MathF.Max(maxima[row], segmentMaxima[row]);
            float before = ScalarMath.Exp(maxima[row] - maximum);
            float now = ScalarMath.Exp(segmentMaxima[row] - maximum);
            maxima[row] = maximum;
            sums[row] = MathF.FusedMultiplyAdd(sums[row], before, segmentSums[row] * now);
            T factorBefore = T.Broadcast(before);
            T factorNow = T.Broadcast(now);
            for (int d = 0; d < stride; d += Lanes.Count)
                T.Fma(T.Load(outputs + d), factorBefore, T.Load(segmentOutputs + d) * factorNow).Store(outputs + d);
        }
    }

    public override void Finish(float* outputs, float sum, int count, float* target)
    {
        T divisor = T.Broadcast(sum);
        int d = 0;
        // Adding zero turns a negative zero, which depends on what else was in the block, into the positive one.
        for (; d <= count - Lanes.Count; d += Lanes.Count) ((T.Load(outputs + d) / divisor) + T.Zero).Store(target + d);
        for (; d < count; d++) target[d] = (outputs[d] / sum) + 0f;
    }

    private static void Scores(int rows, float* queries, in PagePair keys, int keySize, float* scores)
    {
        for (int row = 0; row < rows; row += Tile, queries += Tile * keySize, scores += Tile * Row)
        {
            int left = rows - row;
            if (left == 1)
            {
                ScoreTile<T>.OneByTwo(queries, keys, keySize, scores);
            }
            else if (left > SmallTile && HasManyRegisters)
            {
                ScoreTile<T>.EightByTwo(queries, keys, keySize, scores);
            }
            else
            {
                ScoreTile<T>.FourByOne(queries, keys.First, keys.FirstAhead, keySize, scores);
                ScoreTile<T>.FourByOne(queries, keys.Second, keys.SecondAhead, keySize, scores + PageTokens);
                if (left <= SmallTile) continue;
                ScoreTile<T>.FourByOne(queries + SmallTile, keys.First, 0, keySize, scores + (SmallTile * Row));
                ScoreTile<T>.FourByOne(queries + SmallTile, keys.Second, 0, keySize, scores + (SmallTile * Row) + PageTokens);
            }
        }
    }

    private static void Values(int rows, float* weights, in PagePair values, int stride, float* outputs)
    {
        const int TwoGroups = 2 * Lanes.Count;
        const int FourGroups = 4 * Lanes.Count;
        for (int row = 0; row < rows; row += Tile, weights += Tile * Row, outputs += Tile * stride)
        {
            int left = rows - row;
            int d = 0;
            if (left == 1)
            {
                for (; d <= stride - FourGroups; d += FourGroups) ValueTile<T>.OneByFour(weights, values, d, stride, outputs + d);
                for (; d < stride; d += Lanes.Count) ValueTile<T>.OneByOne(weights, values, d, stride, outputs + d);
                continue;
            }
            if (left > SmallTile && HasManyRegisters)
            {
                for (; d <= stride - TwoGroups; d += TwoGroups) ValueTile<T>.EightByTwo(weights, values, d, stride, outputs + d, stride);
            }
            for (; d < stride; d += Lanes.Count)
            {
                ValueTile<T>.FourByOne(weights, values, d, stride, outputs + d, stride);
                if (left > SmallTile)
                    ValueTile<T>.FourByOne(weights + (SmallTile * Row), values, d, stride, outputs + (SmallTile * stride) + d, stride);
            }
        }
    }

    /// <summary>Turns the scores of one query into weights e^(score - maximum); what it does not see weighs zero.</summary>
    /// <param name="scores">Of the segment.</param>
    /// <param name="start">First score of the block's pages.</param>
    /// <param name="end">Behind the last score of the block's pages.</param>
    /// <param name="first">First score that the query sees.</param>
    /// <param name="last">Last score that the query sees; before <paramref name="first"/> where it sees none.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weigh(float* scores, int start, int end, int first, int last, float softCap, out float maximum, out float sum)
    {
        maximum = float.NegativeInfinity;
        sum = 0f;
        if (first > last)
        {
            new Span<float>(scores + start, end - start).Clear();
            return;
        }
        int firstGroup = first & ~(Lanes.Count - 1);
        int behind = (last & ~(Lanes.Count - 1)) + Lanes.Count;
        new Span<float>(scores + start, firstGroup - start).Clear();
        new Span<float>(scores + behind, end - behind).Clear();
        if (softCap > 0f)
        {
            T cap = T.Broadcast(softCap);
            for (int i = firstGroup; i < behind; i += Lanes.Count) (cap * LaneMath.Tanh(T.Load(scores + i) / cap)).Store(scores + i);
        }
        new Span<float>(scores + firstGroup, first - firstGroup).Fill(float.NegativeInfinity);
        new Span<float>(scores + last + 1, behind - last - 1).Fill(float.NegativeInfinity);
        T greatest = T.Load(scores + firstGroup);
        for (int i = firstGroup + Lanes.Count; i < behind; i += Lanes.Count) greatest = T.Max(greatest, T.Load(scores + i));
        maximum = T.Largest(greatest);
        T shift = T.Broadcast(maximum);
        T total = T.Zero;
        for (int i = firstGroup; i < behind; i += Lanes.Count)
        {
            T weight = LaneMath.Exp(T.Load(scores + i) - shift);
            weight.Store(scores + i);
            total += weight;
        }
        sum = T.Sum(total);
    }
}
