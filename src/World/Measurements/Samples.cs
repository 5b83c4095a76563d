using Orrery.World.Hardware;

namespace Orrery.World.Measurements;

/// <summary>One matrix product: [rows × inputs] · [inputs × outputs].</summary>
/// <param name="Format">Format the matrix units compute in.</param>
/// <param name="Rows">Tokens.</param>
/// <param name="Outputs">Columns of the weights.</param>
/// <param name="Inputs">Rows of the weights.</param>
/// <param name="Seconds">One call.</param>
/// <param name="Name">Operator such as <c>qkv</c>, or empty when shapes were swept freely.</param>
public readonly record struct MatrixSample(Precision Format, long Rows, long Outputs, long Inputs, double Seconds, string Name = "");

/// <summary>One elementwise kernel or a short chain of them: norm, activation, position, addition, embedding, cache write, sampling.</summary>
/// <param name="Name">Operator such as <c>norm</c>, <c>activation</c>, <c>position</c>, <c>add</c>, <c>embedding</c>, <c>cache-write</c>, <c>sampling</c>.</param>
/// <param name="Rows">Tokens.</param>
/// <param name="BytesPerRow">Bytes read and written per token.</param>
/// <param name="Seconds">One call.</param>
public readonly record struct VectorSample(string Name, long Rows, double BytesPerRow, double Seconds);

/// <summary>
/// Attention of one layer over chunks of prompts, decodes, or both in one step. Equal chunks; decodes all alike, or of two kinds.
/// </summary>
/// <param name="Kernel">Implementation such as <c>flash-attn-3</c>, <c>flashinfer</c>; empty when the source does not say.</param>
/// <param name="Chunks">Prompt chunks; 0 for decodes alone.</param>
/// <param name="ChunkTokens">New tokens of each chunk.</param>
/// <param name="HistoryTokens">Tokens of each chunk's sequence that are cached already.</param>
/// <param name="Decodes">Sequences that decode one token each; 0 for chunks alone.</param>
/// <param name="DecodeContext">Tokens attended by each decode, or by the shorter ones when <paramref name="LongDecodes"/> is positive.</param>
/// <param name="LongDecodes">How many of the decodes attend <paramref name="LongContext"/> instead.</param>
/// <param name="LongContext">Tokens attended by the long ones.</param>
/// <param name="Heads">Query heads on the device.</param>
/// <param name="KvHeads">KV heads on the device.</param>
/// <param name="HeadWidth">Width of a head.</param>
/// <param name="Seconds">One layer.</param>
public readonly record struct AttentionSample(
    string Kernel,
    int Chunks,
    int ChunkTokens,
    int HistoryTokens,
    int Decodes,
    int DecodeContext,
    int LongDecodes,
    int LongContext,
    int Heads,
    int KvHeads,
    int HeadWidth,
    double Seconds)
{
    /// <summary>Mean of the contexts of all decodes.</summary>
    public double MeanDecodeContext => Decodes == 0 ? 0 : (((double)(Decodes - LongDecodes) * DecodeContext) + ((double)LongDecodes * LongContext)) / Decodes;

    /// <summary>Longest context of the decodes.</summary>
    public int LongestDecodeContext => Decodes == 0 ? 0 : LongDecodes > 0 ? Math.Max(LongContext, DecodeContext) : DecodeContext;
}

/// <summary>The routed experts of one layer on one device: both products of every touched expert, routing left out unless the source includes it.</summary>
/// <param name="Format">Format of the weights.</param>
/// <param name="Tokens">Tokens that enter the layer, before each visits <paramref name="TopK"/> experts.</param>
/// <param name="Hidden">Model width.</param>
/// <param name="Width">Inner width of an expert, before any cut.</param>
/// <param name="TopK">Experts that a token visits.</param>
/// <param name="Count">Experts of the layer, before any cut.</param>
/// <param name="TensorRanks">Every expert is cut into this many slices.</param>
/// <param name="ExpertRanks">The experts are spread over this many devices.</param>
/// <param name="Routing">Distribution over experts as the source names it: <c>balanced</c>, <c>uniform</c>, <c>power_law_1.2</c>.</param>
/// <param name="TouchedExperts">Experts of the device with at least one token, where the source says so.</param>
/// <param name="Seconds">One layer.</param>
public readonly record struct ExpertSample(
    Precision Format,
    long Tokens,
    int Hidden,
    int Width,
    int TopK,
    int Count,
    int TensorRanks,
    int ExpertRanks,
    string Routing,
    int? TouchedExperts,
    double Seconds);

/// <summary>What devices do together.</summary>
public enum CollectiveKind
{
    AllReduce,
    AllGather,
    ReduceScatter,
    AllToAll,
    PointToPoint,
}

/// <summary>One collective.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Node">Kind of machine such as <c>h100_dgx</c>, where the source says so.</param>
/// <param name="Devices">Devices that take part.</param>
/// <param name="DevicesPerMachine">Of them in one machine.</param>
/// <param name="Bytes">Size of the whole buffer: what every device holds before an all-reduce, and after an all-gather.</param>
/// <param name="Library">Implementation such as <c>nccl</c>, <c>vllm-custom-graph</c>.</param>
/// <param name="Seconds">One call.</param>
public readonly record struct CollectiveSample(CollectiveKind Kind, string Node, int Devices, int DevicesPerMachine, long Bytes, string Library, double Seconds);

/// <summary>Whole iterations of a model: prompts of one length together, then decode steps.</summary>
/// <param name="Model">Catalogue name, or the source's.</param>
/// <param name="Tensor">Tensor-parallel degree.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="PromptTokens">Tokens of each prompt.</param>
/// <param name="OutputTokens">Tokens generated for each; the decode step is their mean.</param>
/// <param name="PrefillSeconds">All prompts of the batch.</param>
/// <param name="DecodeSeconds">One decode step of the batch.</param>
/// <param name="AveragePowerShare">Mean power over the board limit; null when not measured.</param>
public readonly record struct PhaseSample(
    string Model, int Tensor, int Batch, int PromptTokens, int OutputTokens, double PrefillSeconds, double DecodeSeconds, double? AveragePowerShare);
