using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.BlockLlm;

/// <summary>One tenant's request on its way through a chain of blocks, again and again.</summary>
internal sealed class BlockRequest(int id, TenantModel model, int promptTokens, int outputTokens, Instant arrival)
{
    public int Id => id;

    public TenantModel Model => model;

    public int PromptTokens => promptTokens;

    public int AnswerTokens => outputTokens;

    public Instant Arrival => arrival;

    /// <summary>The instance that holds its KV, for each block of the chain; empty before admission.</summary>
    public BlockInstance[] Owners { get; set; } = [];

    public int Generated { get; set; }

    /// <summary>Place in the chain.</summary>
    public int Position { get; set; }

    public bool IsPrompt => Generated == 0;

    public Instant FirstToken { get; set; } = Instant.Never;

    /// <summary>When every block of the chain had room for its KV.</summary>
    public Instant Admitted { get; set; }

    /// <summary>Time in the queues of blocks so far.</summary>
    public double QueueSeconds { get; set; }

    /// <summary>Time in batches so far.</summary>
    public double BatchSeconds { get; set; }

    /// <summary>Time on the way between devices so far, with KV that had to follow.</summary>
    public double HandOverSeconds { get; set; }

    /// <summary>Real results still awaited of blocks that a surrogate stood in for.</summary>
    public int Awaited { get; set; }

    /// <summary>True while it has done its own block and waits for such a result.</summary>
    public bool Parked { get; set; }

    public int Context => promptTokens + Generated;

    /// <summary>Tokens whose KV room is held until it leaves: prompt and output.</summary>
    public long Tokens => promptTokens + outputTokens;
}

/// <summary>Why something stands in a block's queue.</summary>
internal enum JobKind
{
    /// <summary>The request itself.</summary>
    Own,

    /// <summary>The real pass at a block whose surrogate was right: the request has gone on.</summary>
    Behind,

    /// <summary>A pass with a surrogate's wrong output: its result is thrown away.</summary>
    Wasted,
}

/// <summary>An entry of a block's queue.</summary>
internal readonly record struct BlockJob(BlockRequest Walker, JobKind Kind, Instant Queued);

/// <summary>A block's weights on a device, with a queue of its own: tokens that return go before new prompts.</summary>
internal sealed class BlockInstance(ModelBlock block, BlockDevice device)
{
    public ModelBlock Block => block;

    public BlockDevice Device => device;

    /// <summary>Decodes.</summary>
    public Queue<BlockJob> Returning { get; } = new();

    public Queue<BlockJob> Prompts { get; } = new();

    /// <summary>Requests whose KV lies here.</summary>
    public int Owned { get; set; }

    /// <summary>True when its weights are there and it is not going away.</summary>
    public bool IsReady { get; set; }

    public double LastBatchSeconds { get; set; }

    // Of the present interval between two looks.
    public double WaitSeconds { get; set; }

    public int Waits { get; set; }

    public int IdleLooks { get; set; }

    /// <summary>Entries that wait.</summary>
    public int Size => Returning.Count + Prompts.Count;

    public bool HasWork => Size > 0;

    public Instant Oldest
    {
        get
        {
            Instant oldest = Instant.Never;
            if (Returning.TryPeek(out BlockJob returning)) oldest = returning.Queued;
            if (Prompts.TryPeek(out BlockJob prompt)) oldest = Instant.Min(oldest, prompt.Queued);
            return oldest;
        }
    }
}

/// <summary>A device: it runs one batch at a time.</summary>
internal sealed class BlockDevice(int index, int server, long capacityBytes)
{
    public int Index => index;

    public int Server => server;

    public List<BlockInstance> Instances { get; } = [];

    public long WeightBytes { get; set; }

    public long KvBytes { get; set; }

    public long FreeBytes => capacityBytes - WeightBytes - KvBytes;

    public bool IsBusy { get; set; }

    public Instant BusyUntil { get; set; }

    public double BusySeconds { get; set; }

    /// <summary>End of the surrogates that were ordered here; the next batch begins after it.</summary>
    public Instant SurrogatesUntil { get; private set; }

    private Instant _surrogatesOrdered = Instant.Never;
    private int _surrogateBlock;

    /// <summary>Runs a block's surrogate now, or with those for the same block that were ordered at this instant.</summary>
    /// <returns>When its output is there.</returns>
    public Instant RunSurrogate(int block, Duration taken, Instant now)
    {
        if (_surrogatesOrdered == now && _surrogateBlock == block) return SurrogatesUntil;
        (_surrogatesOrdered, _surrogateBlock) = (now, block);
        SurrogatesUntil = Instant.Max(now, Instant.Max(SurrogatesUntil, IsBusy ? BusyUntil : now)) + taken;
        BusySeconds += taken.Seconds;
        return SurrogatesUntil;
    }

    /// <summary>Busy seconds at the last look.</summary>
    public double BusyAtLook { get; set; }

    public double Flops { get; set; }

    /// <summary>Seconds until a new entry would run: the running batch, and one batch of each block that waits.</summary>
    public double BacklogSeconds(Instant now)
    {
        double seconds = IsBusy ? (BusyUntil - now).Seconds : 0;
        foreach (BlockInstance instance in Instances)
            if (instance.HasWork) seconds += instance.LastBatchSeconds;
        return seconds;
    }
}
