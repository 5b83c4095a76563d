using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Attention;

/// <summary>The steps of one block of queries, for one vector width.</summary>
internal abstract unsafe class AttentionOperations
{
    private static readonly AttentionOperations Narrow = new AttentionOperations<LanePair<LanePair<Lanes128>>>();
    private static readonly AttentionOperations Middle = new AttentionOperations<LanePair<Lanes256>>();
    private static readonly AttentionOperations Wide = new AttentionOperations<Lanes512>();

    public static AttentionOperations For(VectorWidth width) => width switch
    {
        VectorWidth.Bits512 => Wide,
        VectorWidth.Bits256 => Middle,
        _ => Narrow,
    };

    /// <summary>Copies the block's queries, times the scale, into tiles [d][8 rows]; rows of a tile that the block lacks are zero.</summary>
    public static void PackQueries(in AttentionBlock block, AttentionShape shape, float* queries, int stride, float* packed)
    {
        int group = shape.Heads / shape.KvHeads;
        const int Tile = ScoreTile<Lanes128>.QueryRows;
        for (int row = 0; row < block.Rows; row++)
        {
            (int token, int head) = int.DivRem(block.FirstRow + row, group);
            float* source = queries + ((long)(block.Span.FirstRow + token) * stride) + ((((long)block.KvHead * group) + head) * shape.KeySize);
            float* target = packed + (row / Tile * Tile * shape.KeySize) + (row % Tile);
            for (int d = 0; d < shape.KeySize; d++) target[d * Tile] = source[d] * shape.Scale;
        }
        for (int row = block.Rows; row % Tile != 0; row++)
        {
            float* target = packed + (row / Tile * Tile * shape.KeySize) + (row % Tile);
            for (int d = 0; d < shape.KeySize; d++) target[d * Tile] = 0f;
        }
    }

    /// <summary>Scores, soft-max and weighted values of one segment into the workspace's segment results.</summary>
    public abstract void Segment(in AttentionBlock block, int segment, int group, float softCap, KvStore store, int* pageTable, AttentionWorkspace work);

    /// <summary>Joins the results of one more segment, in order, into sums, maxima and outputs of rows.</summary>
    public abstract void Join(int rows, int stride, float* segmentMaxima, float* segmentSums, float* segmentOutputs, float* maxima, float* sums, float* outputs);

    /// <summary>target = outputs / sum.</summary>
    public abstract void Finish(float* outputs, float sum, int count, float* target);
}
