using Orrery.Kernel.Time;
using Orrery.World.Hardware;

namespace Orrery.Serving.Systems.BlockLlm;

/// <content>Where a token goes, what moving costs, and which blocks are replicated.</content>
internal sealed partial class BlockCluster
{
    // A replica leaves this much of its device's memory free (d).
    private const double ReplicaHeadroom = 0.1;

    // A replica beside all of its block's neighbours is worth this share of a device's time (d).
    private const double NeighbourWorth = 0.1;

    private long ActivationBytes(BlockRequest request, BlockInstance to) =>
        _activationBytes[to.Block.Id] * (request.IsPrompt ? request.PromptTokens : 1);

    /// <summary>Chooses the instance of the block at a position; the KV follows when it is not the owner.</summary>
    private DispatchCost Choose(BlockRequest request, int position, BlockDevice from, Instant now)
    {
        BlockInstance owner = request.Owners[position];
        int block = owner.Block.Id;
        List<BlockInstance> candidates = _instances[block];
        long kvBytes = _kvBytesPerToken[block] * request.Tokens;
        // A prompt has no KV yet: its owners were chosen at admission, and a single instance leaves no choice.
        if (candidates.Count == 1 || request.IsPrompt) return CostOf(request, owner, owner, from, now);
        Span<DispatchCost> costs = candidates.Count <= 16 ? stackalloc DispatchCost[candidates.Count] : new DispatchCost[candidates.Count];
        for (int i = 0; i < costs.Length; i++) costs[i] = CostOf(request, candidates[i], owner, from, now);
        int chosen = _dispatch.Choose(costs);
        if (chosen < 0) return CostOf(request, owner, owner, from, now);
        BlockInstance to = candidates[chosen];
        if (to != owner)
        {
            Give(owner, request);
            to.Owned++;
            to.Device.KvBytes += kvBytes;
            request.Owners[position] = to;
            Counts.KvMoves++;
            Counts.Room(to.Device);
        }
        return costs[chosen];
    }

    private DispatchCost CostOf(BlockRequest request, BlockInstance instance, BlockInstance owner, BlockDevice from, Instant now)
    {
        double compute = _times.ReferenceSeconds(instance.Block);
        double transfer = TransferSeconds(from, instance.Device, ActivationBytes(request, instance));
        // Two FLOP a parameter and token at the device's peak; a parameter has two bytes.
        double recompute = (double)instance.Block.Bytes * request.Context / _deviceSpec.PeakRate(Precision.Bf16)!.Value.Value;
        long kvBytes = _kvBytesPerToken[instance.Block.Id];
        // What there is moves; room is held for what there will be.
        double move = TransferSeconds(owner.Device, instance.Device, kvBytes * request.Context);
        bool hasRoom = instance.IsReady && instance.Device.FreeBytes >= kvBytes * request.Tokens;
        return new(instance == owner, transfer, recompute, move, instance.Device.BacklogSeconds(now), compute, hasRoom);
    }

    private double TransferSeconds(BlockDevice? from, BlockDevice to, long bytes)
    {
        if (from is null || from == to) return 0;
        return from.Server == to.Server
            ? bytes / _deviceSpec.LinkBandwidth.Value
            : _options.ServerLatency.Seconds + (bytes / _options.ServerBandwidth);
    }

    /// <summary>When bytes that leave now are there: a server's way out carries one message after the other.</summary>
    private Instant Arrival(BlockDevice from, BlockDevice to, long bytes, Instant now)
    {
        Duration taken = Duration.FromSeconds(TransferSeconds(from, to, bytes));
        if (from.Server == to.Server) return now + taken;
        Instant begins = Instant.Max(now, _linkFree[from.Server]);
        _linkFree[from.Server] = begins + Duration.FromSeconds(bytes / _options.ServerBandwidth);
        return begins + taken;
    }

    /// <summary>Replicates the block that made its tokens wait longest for their compute, or for whose KV there is no room, and lets idle replicas go.</summary>
    private void Look(Instant now)
    {
        BlockInstance? hottest = null;
        double longest = _options.HotRatio;
        foreach (List<BlockInstance> instances in _instances)
        {
            if (instances.Any(instance => !instance.IsReady)) continue;
            int waits = instances.Sum(instance => instance.Waits);
            double ratio = waits == 0 ? 0 : instances.Sum(instance => instance.WaitSeconds) / waits / instances.Average(instance => instance.LastBatchSeconds);
            if (ratio > longest) (hottest, longest) = (instances[0], ratio);
        }
        if (_waiting.First is { } head && Crowded(head.Value) is { } crowded) hottest = crowded;
        if (hottest is not null && Target(hottest) is { } device)
        {
            BlockInstance replica = Install(hottest.Block, device);
            Counts.Replications++;
            Push(new(What.Ready, Instance: replica), now + Duration.FromSeconds(hottest.Block.Bytes / _options.LoadBandwidth));
        }
        foreach (List<BlockInstance> instances in _instances) Retire(instances);
        foreach (BlockDevice each in _devices) each.BusyAtLook = each.BusySeconds;
        Counts.Until(now);
    }

    /// <summary>The block for whose KV a waiting request finds no room; null where one is being replicated already.</summary>
    private BlockInstance? Crowded(BlockRequest request)
    {
        foreach (int block in request.Model.Chain)
        {
            List<BlockInstance> instances = _instances[block];
            if (instances.All(instance => instance.IsReady && instance.Device.FreeBytes < _kvBytesPerToken[block] * request.Tokens)) return instances[0];
        }
        return null;
    }

    /// <summary>Where a replica has room: the least busy device since the last look, with the traffic to the block's neighbours that it would save.</summary>
    private BlockDevice? Target(BlockInstance hot)
    {
        BlockDevice? best = null;
        double least = double.PositiveInfinity;
        foreach (BlockDevice device in _devices)
        {
            if (_instances[hot.Block.Id].Any(instance => instance.Device == device)) continue;
            // On an empty device there is nobody whose KV could need the rest.
            double kept = device.Instances.Count == 0 ? 0 : ReplicaHeadroom * (device.FreeBytes + device.WeightBytes + device.KvBytes);
            if (device.FreeBytes - hot.Block.Bytes < kept) continue;
            double busy = (device.BusySeconds - device.BusyAtLook) / _options.ScaleInterval.Seconds;
            double near = _options.Locality
                ? BlockPlacement.Nearness(_zoo, hot.Block.Id, other => _instances[other].Max(instance => BlockPlacement.Nearness(device.Index, instance.Device.Index, _options.DevicesPerServer)))
                : 0;
            double score = busy - (NeighbourWorth * near);
            if (score < least) (best, least) = (device, score);
        }
        // A device as busy as the block's own would be no relief.
        double own = (hot.Device.BusySeconds - hot.Device.BusyAtLook) / _options.ScaleInterval.Seconds;
        return best is not null && least < own ? best : null;
    }

    private void Retire(List<BlockInstance> instances)
    {
        for (int i = instances.Count - 1; i >= 0; i--)
        {
            BlockInstance instance = instances[i];
            instance.IdleLooks = instance is { IsReady: true, Waits: 0, Owned: 0 } && !instance.HasWork ? instance.IdleLooks + 1 : 0;
            (instance.Waits, instance.WaitSeconds) = (0, 0);
            if (instances.Count == 1 || instance.IdleLooks < _options.IdleLooks) continue;
            instances.RemoveAt(i);
            instance.Device.Instances.Remove(instance);
            instance.Device.WeightBytes -= instance.Block.Bytes;
            Counts.Removals++;
        }
    }
}
