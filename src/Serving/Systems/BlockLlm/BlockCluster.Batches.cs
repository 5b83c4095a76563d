using Orrery.Kernel.Time;
using Orrery.World.Steps;

namespace Orrery.Serving.Systems.BlockLlm;

/// <content>Batches, and what follows when one ends.</content>
internal sealed partial class BlockCluster
{
    private void StartBatch(BlockDevice device, Instant now)
    {
        BlockInstance? instance = null;
        foreach (BlockInstance candidate in device.Instances)
            if (candidate.HasWork && (instance is null || Before(candidate, instance))) instance = candidate;
        if (instance is null) return;
        List<BlockJob> batch = _batches[device.Index];
        batch.Clear();
        Fill(instance, batch, now);
        bool adapted = false;
        foreach (BlockJob job in batch)
        {
            BlockRequest request = job.Walker;
            adapted |= request.Model.IsAdapter;
            if (request.IsPrompt && job.Kind == JobKind.Own) _times.Shape.AddChunk(new PrefillChunk(request.PromptTokens, 0, true));
            else _times.Shape.AddDecode(request.Context);
        }
        (double seconds, double flops) = _times.Take(instance.Block);
        // Adapters beside shared weights cost; in an engine of its own an adapter is merged into them.
        if (adapted && instance.Block.HasAdapters) seconds *= _options.AdapterTime;
        Duration taken = Duration.FromSeconds(seconds) + _options.HopTime;
        instance.LastBatchSeconds = taken.Seconds;
        device.IsBusy = true;
        device.BusyUntil = Instant.Max(now, device.SurrogatesUntil) + taken;
        device.BusySeconds += taken.Seconds;
        device.Flops += flops;
        Counts.Batch(batch.Count, instance.Block.Bytes);
        foreach (BlockJob job in batch)
        {
            if (job.Kind != JobKind.Own) continue;
            job.Walker.QueueSeconds += (now - job.Queued).Seconds;
            job.Walker.BatchSeconds += (device.BusyUntil - now).Seconds;
        }
        Push(new(What.BatchEnds, Instance: instance, Device: device.Index), device.BusyUntil);
    }

    private bool Before(BlockInstance one, BlockInstance other) => _options.Order == BlockOrder.Fullest && one.Size != other.Size ? one.Size > other.Size : one.Oldest < other.Oldest;

    /// <summary>Returning tokens first, then prompts, up to the block's own limits.</summary>
    private void Fill(BlockInstance instance, List<BlockJob> batch, Instant now)
    {
        int? only = _options.PerBlockBatch ? null : (instance.Returning.Count > 0 ? instance.Returning : instance.Prompts).Peek().Walker.Model.Id;
        Take(instance.Returning, batch, _options.BatchRequests, int.MaxValue, only);
        Take(instance.Prompts, batch, _options.BatchRequests, _options.BatchTokens, only);
        foreach (BlockJob job in batch) instance.WaitSeconds += (now - job.Queued).Seconds;
        instance.Waits += batch.Count;
    }

    private static void Take(Queue<BlockJob> queue, List<BlockJob> batch, int requests, int promptTokens, int? only)
    {
        int left = promptTokens;
        int looked = queue.Count;
        bool took = false;
        // Entries of other applications keep their places: the queue is turned round once.
        for (int i = 0; i < looked; i++)
        {
            BlockJob job = queue.Peek();
            bool fits = batch.Count < requests && (promptTokens == int.MaxValue || !took || job.Walker.PromptTokens <= left);
            if (only is null && !fits) return;
            queue.Dequeue();
            if (fits && (only is null || job.Walker.Model.Id == only))
            {
                batch.Add(job);
                left -= job.Walker.PromptTokens;
                took = true;
            }
            else
            {
                queue.Enqueue(job);
            }
        }
    }

    private void EndBatch(BlockDevice device, Instant now)
    {
        // The device counts as busy until all have gone on: whoever comes back here belongs into the next batch.
        bool left = false;
        foreach (BlockJob job in _batches[device.Index])
        {
            switch (job.Kind)
            {
                case JobKind.Own:
                    left |= Advance(job.Walker, now);
                    break;
                case JobKind.Behind:
                    job.Walker.Awaited--;
                    if (job.Walker is { Awaited: 0, Parked: true })
                    {
                        job.Walker.Parked = false;
                        left |= Advance(job.Walker, now);
                    }
                    break;
                case JobKind.Wasted:
                    break;
            }
        }
        if (left) AdmitWaiting(now);
        device.IsBusy = false;
        StartBatch(device, now);
    }

    /// <summary>A request has passed the block at its position.</summary>
    /// <returns>True when it has left and given its KV back.</returns>
    private bool Advance(BlockRequest request, Instant now)
    {
        if (request.Awaited > 0)
        {
            request.Parked = true;
            return false;
        }
        BlockDevice from = request.Owners[request.Position].Device;
        if (++request.Position < request.Owners.Length)
        {
            Go(request, from, now);
            return false;
        }
        request.Position = 0;
        request.Generated++;
        if (request.Generated == 1) request.FirstToken = now;
        if (request.Generated < request.AnswerTokens)
        {
            Go(request, from, now);
            return false;
        }
        foreach (BlockInstance owner in request.Owners) Give(owner, request);
        _inside--;
        Counts.Finished(request, now);
        return true;
    }

    /// <summary>Sends a request on to the block at its position.</summary>
    private void Go(BlockRequest request, BlockDevice from, Instant now)
    {
        int position = request.Position;
        DispatchCost cost = Choose(request, position, from, now);
        BlockInstance to = request.Owners[position];
        bool isRemote = to.Device != from;
        if (isRemote) Counts.RemoteHops++;
        if (to.Device.Server != from.Server) Counts.ServerHops++;
        Counts.Hops++;
        if (_options is { Speculation: true, Store: StoreKind.Blocks } && !request.IsPrompt && position + 1 < request.Owners.Length
            && cost.IsOwner && _surrogates.Applies(cost, isRemote, _options.SurrogateHits))
        {
            Speculate(request, from, to, now);
            return;
        }
        Duration kv = cost.IsOwner ? Duration.Zero : Duration.FromSeconds(Math.Min(cost.Recompute, cost.MoveKv));
        if (!isRemote && kv == Duration.Zero)
        {
            Enqueue(to, new(request, JobKind.Own, now));
            return;
        }
        Instant there = Arrival(from, to.Device, ActivationBytes(request, to), now) + kv;
        request.HandOverSeconds += (there - now).Seconds;
        Push(new(What.Reaches, request, to), there);
    }

    /// <summary>
    /// A surrogate stands in for the block at the request's position. Right: the request goes on to the block after it at once, and comes to
    /// its end there only when the real pass is done. Wrong: it takes the real way, and the block after it has run once for nothing.
    /// </summary>
    private void Speculate(BlockRequest request, BlockDevice from, BlockInstance real, Instant now)
    {
        Counts.Speculations++;
        Duration surrogate = Duration.FromSeconds(_options.SurrogateTime * _times.ReferenceSeconds(real.Block));
        BlockInstance after = request.Owners[request.Position + 1];
        long bytes = ActivationBytes(request, real);
        bool hit = _hits.Keyed(request.Id, ((long)request.Generated << 16) + request.Position) < _options.SurrogateHits;
        Instant reaches = Arrival(from, real.Device, bytes, now);
        Instant early = Arrival(from, after.Device, bytes, from.RunSurrogate(real.Block.Id, surrogate, now));
        if (hit)
        {
            Counts.SpeculationHits++;
            request.Awaited++;
            request.Position++;
            Push(new(What.Reaches, request, real, JobKind.Behind), reaches);
            Push(new(What.Reaches, request, after), early);
            return;
        }
        Push(new(What.Reaches, request, real), reaches);
        Push(new(What.Reaches, request, after, JobKind.Wasted), early);
    }
}
