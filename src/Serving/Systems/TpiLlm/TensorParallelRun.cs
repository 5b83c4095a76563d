namespace Orrery.Serving.Systems.TpiLlm;

/// <summary>
/// One request over all nodes, block by block: the master embeds and broadcasts, every node runs its share of a block, an allreduce adds
/// the parts, and all go on when the last has the sum (d: no overlap of an allreduce with the next block).
/// </summary>
public sealed class TensorParallelRun
{
    private readonly ShardedModel _model;
    private readonly EdgeNode[] _nodes;
    private readonly Allreduce _allreduce;
    private readonly BlockWindow[] _windows;
    private readonly double[] _swapPerByte;
    private readonly EdgeBlock[] _attention;
    private readonly EdgeBlock[] _feed;
    private readonly double[] _ready;
    private readonly bool _inOrder;
    private readonly int? _window;

    /// <param name="nodes">Node 0 is the master.</param>
    /// <param name="inOrder">The master reads its workers in their order.</param>
    /// <param name="window">Blocks held; null keeps every share in memory.</param>
    /// <param name="swapBytesPerSecond">Of a node whose share does not fit its memory; used without a window alone.</param>
    /// <param name="request">Its tokens decide what fits.</param>
    public TensorParallelRun(
        ShardedModel model, IReadOnlyList<EdgeNode> nodes, Allreduce allreduce, bool inOrder, int? window, double swapBytesPerSecond, EdgeRequest request)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _nodes = [.. nodes];
        _allreduce = allreduce;
        _inOrder = inOrder;
        _window = window;
        Asked = request;
        _attention = [.. Enumerable.Range(0, _nodes.Length).Select(model.Attention)];
        _feed = [.. Enumerable.Range(0, _nodes.Length).Select(model.Feed)];
        _windows = [.. Enumerable.Range(0, _nodes.Length).Select(node => new BlockWindow(
            window is null ? [0, 0] : [.. Ring(node).Select(block => block.WeightBytes / _nodes[node].DiskBytesPerSecond)], window ?? 2))];
        // A cyclic scan of more than fits leaves nothing useful in a memory that drops the least recently used page: all is read again.
        _swapPerByte = [.. _nodes.Select((node, i) => window is null && PeakBytes(i) > node.MemoryBytes ? 1 / swapBytesPerSecond : 0)];
        _ready = new double[_nodes.Length];
    }

    public EdgeRequest Asked { get; }

    /// <summary>Share of the time of further tokens that nodes wait for their disks, on the node that waits longest.</summary>
    public double StallShare { get; private set; }

    /// <summary>Most that a node holds: its blocks, keys and values of all tokens, and the activations of the prompt.</summary>
    public double PeakBytes(int node) =>
        (_window is { } window ? BlockWindow.PeakBytes([.. Ring(node).Select(block => block.WeightBytes)], window) : _model.WeightBytes(node))
        + _model.KvBytes(node, Asked.Tokens) + _model.ActivationBytes(node, Asked.PromptTokens, Asked.PromptTokens);

    /// <exception cref="OperationCanceledException">It was interrupted.</exception>
    public EdgeTimes Run(CancellationToken cancel)
    {
        double compute = 0;
        double network = 0;
        double at = Pass(0, Asked.PromptTokens, Asked.PromptContext, ref compute, ref network);
        double first = at;
        (compute, network) = (0, 0);
        double[] waited = [.. _windows.Select(window => window.WaitSeconds)];
        int further = Asked.AnswerTokens - 1;
        for (int token = 0; token < further; token++)
        {
            cancel.ThrowIfCancellationRequested();
            at = Pass(at, 1, Asked.PromptTokens + token + 1, ref compute, ref network);
        }
        double per = 1.0 / further;
        StallShare = _windows.Select((window, i) => window.WaitSeconds - waited[i]).Max() / (at - first);
        double disk = Enumerable.Range(0, _nodes.Length).Max(node => _window is null
            ? _swapPerByte[node] * _model.WeightBytes(node)
            : _window >= Ring(node).Count() ? 0 : _model.WeightBytes(node) / _nodes[node].DiskBytesPerSecond);
        return new(first, (at - first) * per, compute * per, network * per, disk, PeakBytes(0), Enumerable.Range(1, _nodes.Length - 1).Select(PeakBytes).DefaultIfEmpty(0).Max());
    }

    private IEnumerable<EdgeBlock> Ring(int node)
    {
        if (node == 0) yield return _model.Embedding;
        for (int layer = 0; layer < _model.Model.Layers; layer++)
        {
            yield return _attention[node];
            yield return _feed[node];
        }
        if (node == 0) yield return _model.Head;
    }

    /// <summary>One forward pass; returns when its token is there.</summary>
    private double Pass(double at, double tokens, double context, ref double compute, ref double network)
    {
        double rows = _model.StreamBytes(tokens) / _nodes[0].MemoryBytesPerSecond;
        double embedded = Begin(0, at, _model.Embedding) + rows + Swap(0, _model.Embedding);
        double wire = _nodes.Length == 1 ? 0
            : ((_nodes.Length - 1) * _model.BroadcastBytes(tokens, context) / _allreduce.BytesPerSecond) + _allreduce.LatencySeconds;
        compute += rows;
        network += wire;
        _ready.AsSpan().Fill(embedded + wire);
        double bytes = _model.StreamBytes(tokens);
        double sum = _allreduce.Seconds(_nodes.Length, bytes) + _allreduce.AddSeconds(_nodes.Length, bytes, _nodes[0].MemoryBytesPerSecond);
        for (int layer = 0; layer < _model.Model.Layers; layer++)
        {
            compute += Block(_attention, tokens, context, bytes) + Block(_feed, tokens, context, bytes);
            network += 2 * sum;
        }
        double head = HeadSeconds();
        compute += head;
        return Begin(0, _ready[0], _model.Head) + head + Swap(0, _model.Head);
    }

    /// <summary>Runs one block on all nodes and adds it up; returns the computation of the slowest node.</summary>
    private double Block(EdgeBlock[] blocks, double tokens, double context, double bytes)
    {
        double slowest = 0;
        for (int node = 0; node < _nodes.Length; node++)
        {
            double seconds = blocks[node].Seconds(_nodes[node], tokens, context);
            slowest = Math.Max(slowest, seconds);
            _ready[node] = Begin(node, _ready[node], blocks[node]) + seconds + Swap(node, blocks[node]);
        }
        _ready.AsSpan().Fill(_allreduce.Finish(_ready, bytes, _inOrder, _nodes[0].MemoryBytesPerSecond));
        return slowest;
    }

    private double HeadSeconds() => (_model.Head with { FlopsPerToken = 2 * _model.Model.EmbeddingParameters }).Seconds(_nodes[0], 1, 0);

    private double Begin(int node, double ready, EdgeBlock block) => _window is null || block.WeightBytes == 0 ? ready : _windows[node].Begin(ready);

    private double Swap(int node, EdgeBlock block) => _swapPerByte[node] * block.WeightBytes;
}
