using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.World.Hardware;

namespace Orrery.Serving.Systems.BlockLlm;

/// <summary>
/// The cluster in virtual time: requests are admitted when every block of their chain finds room for their KV, walk the chain once for the
/// prompt and once for every further token, and wait at each block for their turn; a device runs one batch at a time, that of the block
/// whose oldest entry came first. Ties are broken by the order in which things were ordered.
/// </summary>
internal sealed partial class BlockCluster
{
    private readonly BlockLlmOptions _options;
    private readonly BlockZoo _zoo;
    private readonly BlockTimes _times;
    private readonly BlockDispatch _dispatch;
    private readonly SurrogateRule _surrogates;
    private readonly DeviceSpec _deviceSpec;
    private readonly RandomStream _hits;
    private readonly BlockDevice[] _devices;
    private readonly List<BlockInstance>[] _instances;
    private readonly Instant[] _linkFree;
    private readonly long[] _kvBytesPerToken;
    private readonly long[] _activationBytes;
    private readonly LinkedList<BlockRequest> _waiting = new();
    private readonly int[] _waitingIn;
    private readonly bool[] _blocked;
    private readonly PriorityQueue<Happening, (Instant At, long Order)> _events = new();
    private readonly List<BlockJob>[] _batches;
    private readonly Instant _lastArrival;
    private long _order;
    private int _inside;

    public BlockCluster(BlockLlmOptions options, BlockZoo zoo, DeviceSpec device, RandomStream hits, IReadOnlyList<BlockRequest> requests)
    {
        (_options, _zoo, _deviceSpec, _hits) = (options, zoo, device, hits);
        _times = new(zoo.Bases, device);
        _dispatch = new(options.OwnerPatience.Seconds);
        _surrogates = new(options.SpeculateAbove, SurrogateRule.DefaultLeastHits);
        long capacity = (long)(device.UsableMemory.Count * options.MemoryShare);
        _devices = [.. Enumerable.Range(0, options.Servers * options.DevicesPerServer).Select(index => new BlockDevice(index, index / options.DevicesPerServer, capacity))];
        Counts = new(options, _devices);
        _batches = [.. _devices.Select(_ => new List<BlockJob>())];
        _linkFree = new Instant[options.Servers];
        _waitingIn = new int[Math.Max(zoo.Blocks.Count, zoo.Bases.Count)];
        _blocked = new bool[_waitingIn.Length];
        _kvBytesPerToken = [.. zoo.Blocks.Select(block => zoo.Bases[block.Base].KvBytesPerToken() * block.Layers / zoo.Bases[block.Base].Layers)];
        // Activations travel in two bytes an element (c).
        _activationBytes = [.. zoo.Blocks.Select(block => 2L * zoo.Bases[block.Base].Hidden)];
        double[] shares = new double[zoo.Blocks.Count];
        foreach (TenantModel model in zoo.Models)
            foreach (int block in model.Chain) shares[block] += model.Popularity;
        int[] at = BlockPlacement.Place(zoo, block => shares[block.Id] * _times.ReferenceSeconds(block), options, capacity);
        _instances = [.. zoo.Blocks.Select(_ => new List<BlockInstance>())];
        foreach (ModelBlock block in zoo.Blocks) Install(block, _devices[at[block.Id]]).IsReady = true;
        foreach (BlockRequest request in requests) Push(new(What.Arrives, request), request.Arrival);
        _lastArrival = requests.Count == 0 ? Instant.Zero : requests[^1].Arrival;
        if (options.Replicas && options.Store == StoreKind.Blocks) Push(new(What.Look), Instant.Zero + options.ScaleInterval);
    }

    public BlockCounts Counts { get; }

    public void Run(CancellationToken cancel)
    {
        int sinceCheck = 0;
        while (_events.TryDequeue(out Happening what, out (Instant At, long Order) key))
        {
            if ((++sinceCheck & 0xFFF) == 0) cancel.ThrowIfCancellationRequested();
            Handle(what, key.At);
        }
        Counts.Unserved(_waiting.Count);
    }

    private void Handle(Happening what, Instant now)
    {
        switch (what.Kind)
        {
            case What.Arrives:
                _inside++;
                if (_waitingIn[QueueOf(what.Walker!)] > 0 || !Admit(what.Walker!, now)) Wait(what.Walker!);
                break;
            case What.Reaches:
                Enqueue(what.Instance!, new(what.Walker!, what.Job, now));
                break;
            case What.BatchEnds:
                EndBatch(_devices[what.Device], now);
                break;
            case What.Ready:
                what.Instance!.IsReady = true;
                AdmitWaiting(now);
                break;
            case What.Look:
                Look(now);
                if (_inside > 0 || now < _lastArrival) Push(new(What.Look), now + _options.ScaleInterval);
                break;
        }
    }

    private void Wait(BlockRequest request)
    {
        if (CanEverFit(request))
        {
            _waiting.AddLast(request);
            _waitingIn[QueueOf(request)]++;
            return;
        }
        _inside--;
        Counts.Refused++;
    }

    /// <summary>Who waits for the same devices stands in one line: the tenants of a base, or with whole models those of an engine.</summary>
    private int QueueOf(BlockRequest request) => _options.Store == StoreKind.Blocks ? request.Model.Base : request.Model.Chain[0];

    private bool CanEverFit(BlockRequest request) => request.Model.Chain.GroupBy(block => _instances[block][0].Device)
        .All(group => group.Sum(block => _kvBytesPerToken[block]) * request.Tokens <= group.Key.FreeBytes + group.Key.KvBytes);

    /// <summary>Chooses an owner for every block of the chain and takes the KV room, or takes none.</summary>
    private bool Admit(BlockRequest request, Instant now)
    {
        IReadOnlyList<int> chain = request.Model.Chain;
        var owners = new BlockInstance[chain.Count];
        BlockDevice? before = null;
        for (int i = 0; i < chain.Count; i++)
        {
            BlockInstance? best = null;
            double least = double.PositiveInfinity;
            foreach (BlockInstance instance in _instances[chain[i]])
            {
                if (!instance.IsReady || instance.Device.FreeBytes < _kvBytesPerToken[chain[i]] * request.Tokens) continue;
                double cost = instance.Device.BacklogSeconds(now) + TransferSeconds(before, instance.Device, _activationBytes[chain[i]] * request.PromptTokens);
                if (cost < least) (best, least) = (instance, cost);
            }
            if (best is null)
            {
                for (int j = 0; j < i; j++) Give(owners[j], request);
                return false;
            }
            owners[i] = best;
            best.Owned++;
            best.Device.KvBytes += _kvBytesPerToken[chain[i]] * request.Tokens;
            Counts.Room(best.Device);
            before = best.Device;
        }
        request.Owners = owners;
        request.Admitted = now;
        Counts.Memory();
        Enqueue(owners[0], new(request, JobKind.Own, now));
        return true;
    }

    private void Give(BlockInstance owner, BlockRequest request)
    {
        owner.Owned--;
        owner.Device.KvBytes -= _kvBytesPerToken[owner.Block.Id] * request.Tokens;
    }

    /// <summary>First come, first served in each line.</summary>
    private void AdmitWaiting(Instant now)
    {
        Array.Clear(_blocked);
        for (LinkedListNode<BlockRequest>? node = _waiting.First; node is not null;)
        {
            LinkedListNode<BlockRequest>? next = node.Next;
            int line = QueueOf(node.Value);
            if (!_blocked[line])
            {
                if (Admit(node.Value, now))
                {
                    _waiting.Remove(node);
                    _waitingIn[line]--;
                }
                else
                {
                    _blocked[line] = true;
                }
            }
            node = next;
        }
    }

    private void Enqueue(BlockInstance instance, BlockJob job)
    {
        (job.Walker.IsPrompt && job.Kind == JobKind.Own ? instance.Prompts : instance.Returning).Enqueue(job);
        if (!instance.Device.IsBusy) StartBatch(instance.Device, job.Queued);
    }

    private void Push(Happening what, Instant at) => _events.Enqueue(what, (at, _order++));

    private BlockInstance Install(ModelBlock block, BlockDevice device)
    {
        BlockInstance instance = new(block, device) { LastBatchSeconds = _times.ReferenceSeconds(block) };
        device.Instances.Add(instance);
        device.WeightBytes += block.Bytes;
        Counts.Room(device);
        Counts.Memory();
        _instances[block.Id].Add(instance);
        return instance;
    }

    private enum What
    {
        Arrives,
        Reaches,
        BatchEnds,
        Ready,
        Look,
    }

    private readonly record struct Happening(What Kind, BlockRequest? Walker = null, BlockInstance? Instance = null, JobKind Job = JobKind.Own, int Device = 0);
}
