using Orrery.Kernel.Experiments;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.BlockLlm;

/// <summary>What a run of the cluster counts.</summary>
internal sealed class BlockCounts(BlockLlmOptions options, IReadOnlyList<BlockDevice> devices)
{
    public List<double> EndToEnd { get; } = [];

    public List<double> FirstToken { get; } = [];

    public List<double> PerToken { get; } = [];

    public List<double>[] EndToEndOf { get; } = [.. Enumerable.Range(0, options.Applications).Select(_ => new List<double>())];

    public long Requests { get; private set; }

    public long Tokens { get; private set; }

    public int Refused { get; set; }

    public int Waiting { get; private set; }

    public Instant Last { get; private set; }

    public long Hops { get; set; }

    public long RemoteHops { get; set; }

    public long ServerHops { get; set; }

    public long Speculations { get; set; }

    public long SpeculationHits { get; set; }

    public long KvMoves { get; set; }

    public int Replications { get; set; }

    public int Removals { get; set; }

    public long Batches { get; private set; }

    public long BatchedJobs { get; private set; }

    public long MostWeightBytes { get; private set; }

    public long MostMemoryBytes { get; private set; }

    public IReadOnlyList<BlockDevice> Devices => devices;

    /// <summary>Weights that a token's pass read, summed over tokens and blocks, as if each had been alone.</summary>
    public double WeightsUsed { get; private set; }

    /// <summary>Weights that batches read.</summary>
    public double WeightsRead { get; private set; }

    /// <summary>The least room that a device had left.</summary>
    public long LeastFreeBytes { get; private set; } = long.MaxValue;

    public int LargestBatch { get; private set; }

    public List<double> Admission { get; } = [];

    public List<double> Queue { get; } = [];

    public List<double> InBatch { get; } = [];

    public List<double> HandOver { get; } = [];

    public List<double> Surrogates { get; } = [];

    public void Batch(int jobs, long weightBytes)
    {
        Batches++;
        BatchedJobs += jobs;
        LargestBatch = Math.Max(LargestBatch, jobs);
        WeightsUsed += (double)jobs * weightBytes;
        WeightsRead += weightBytes;
    }

    public void Room(BlockDevice device) => LeastFreeBytes = Math.Min(LeastFreeBytes, device.FreeBytes);

    public void Finished(BlockRequest request, Instant now)
    {
        Requests++;
        Tokens += request.AnswerTokens;
        Last = now;
        if (request.Arrival < Instant.Zero + options.WarmUp) return;
        double seconds = (now - request.Arrival).Seconds;
        EndToEnd.Add(seconds);
        EndToEndOf[request.Model.Id].Add(seconds);
        FirstToken.Add((request.FirstToken - request.Arrival).Seconds);
        PerToken.Add(seconds / request.AnswerTokens);
        Admission.Add((request.Admitted - request.Arrival).Seconds);
        Queue.Add(request.QueueSeconds);
        InBatch.Add(request.BatchSeconds);
        HandOver.Add(request.HandOverSeconds);
        // Nothing else takes time: what is left went by beside surrogates.
        Surrogates.Add((now - request.Admitted).Seconds - request.QueueSeconds - request.BatchSeconds - request.HandOverSeconds);
    }

    /// <summary>The run goes on at least until then.</summary>
    public void Until(Instant now) => Last = Instant.Max(Last, now);

    /// <summary>Looked at whenever weights or KV have come.</summary>
    public void Memory()
    {
        long weights = 0;
        long kv = 0;
        foreach (BlockDevice device in devices)
        {
            weights += device.WeightBytes;
            kv += device.KvBytes;
        }
        MostWeightBytes = Math.Max(MostWeightBytes, weights);
        MostMemoryBytes = Math.Max(MostMemoryBytes, weights + kv);
    }

    public void Unserved(int waiting) => Waiting = waiting;
}

/// <summary>The figures of the experiment.</summary>
internal static class BlockFigures
{
    public static readonly IReadOnlyList<ExperimentFigure> All =
    [
        new("requests", "", "requests finished, those of the warm-up included"),
        new("refused", "", "requests whose KV would never fit"),
        new("p95Seconds", "s", "95 % of the requests took no longer from arrival to the last token"),
        new("meanSeconds", "s", "mean of the same"),
        new("p50Seconds", "s", "median of the same"),
        new("p95FirstTokenSeconds", "s", "95 % of the first tokens took no longer"),
        new("p95PerTokenSeconds", "s", "95th percentile of the time of a request over its output tokens"),
        new("tokensPerSecond", "", "output tokens over the time of the run"),
        new("busyShare", "", "time with a batch in flight, over devices"),
        new("flopUtilization", "", "FLOP done over those the busy time of the devices could have done"),
        new("batchSize", "", "requests in a batch, on average"),
        new("batchOverWeights", "", "requests in a batch, weighted by the weights that the batch reads"),
        new("admissionSeconds", "s", "mean time of a request until its KV had room"),
        new("queueSeconds", "s", "mean time of a request in the queues of blocks"),
        new("inBatchSeconds", "s", "mean time of a request in batches"),
        new("handOverSeconds", "s", "mean time of a request between devices"),
        new("surrogateSeconds", "s", "mean time of a request with surrogates and waiting for the passes they stood in for"),
        new("storedGigabytes", "GB", "all different weights, each once"),
        new("weightGigabytes", "GB", "weights in device memory, replicas included, at most"),
        new("memoryGigabytes", "GB", "weights and KV in device memory, at most"),
        new("blocks", "", "different blocks"),
        new("chainLength", "", "blocks of a chain, weighted by popularity"),
        new("remoteHopShare", "", "hand-overs to another device"),
        new("serverHopShare", "", "hand-overs to a device of another server"),
        new("speculations", "", "surrogates run"),
        new("speculationHits", "", "of which right"),
        new("kvMoves", "", "KV that moved to another instance"),
        new("replications", "", "replicas made"),
        new("removals", "", "replicas removed"),
    ];

    public static ExperimentResult Of(BlockCounts counts, BlockZoo zoo, double peakFlopsPerSecond)
    {
        double busy = counts.Devices.Sum(device => device.BusySeconds);
        double seconds = counts.Last.Seconds;
        Dictionary<string, double> values = new()
        {
            ["requests"] = counts.Requests,
            ["refused"] = counts.Refused,
            ["storedGigabytes"] = zoo.StoredBytes / 1e9,
            ["weightGigabytes"] = counts.MostWeightBytes / 1e9,
            ["memoryGigabytes"] = counts.MostMemoryBytes / 1e9,
            ["blocks"] = zoo.Blocks.Count,
            ["chainLength"] = zoo.Models.Sum(model => model.Popularity * model.Chain.Count),
            ["speculations"] = counts.Speculations,
            ["speculationHits"] = counts.SpeculationHits,
            ["kvMoves"] = counts.KvMoves,
            ["replications"] = counts.Replications,
            ["removals"] = counts.Removals,
        };
        if (counts.EndToEnd.Count > 0)
        {
            values["p95Seconds"] = Quantile(counts.EndToEnd, 0.95);
            values["p50Seconds"] = Quantile(counts.EndToEnd, 0.5);
            values["meanSeconds"] = counts.EndToEnd.Average();
            values["admissionSeconds"] = counts.Admission.Average();
            values["queueSeconds"] = counts.Queue.Average();
            values["inBatchSeconds"] = counts.InBatch.Average();
            values["handOverSeconds"] = counts.HandOver.Average();
            values["surrogateSeconds"] = counts.Surrogates.Average();
            values["p95FirstTokenSeconds"] = Quantile(counts.FirstToken, 0.95);
            values["p95PerTokenSeconds"] = Quantile(counts.PerToken, 0.95);
        }
        if (seconds > 0)
        {
            values["tokensPerSecond"] = counts.Tokens / seconds;
            values["busyShare"] = busy / (seconds * counts.Devices.Count);
        }
        if (busy > 0) values["flopUtilization"] = counts.Devices.Sum(device => device.Flops) / (busy * peakFlopsPerSecond);
        if (counts.Batches > 0) values["batchSize"] = (double)counts.BatchedJobs / counts.Batches;
        if (counts.WeightsRead > 0) values["batchOverWeights"] = counts.WeightsUsed / counts.WeightsRead;
        if (counts.Hops > 0) values["serverHopShare"] = (double)counts.ServerHops / counts.Hops;
        if (counts.Hops > 0) values["remoteHopShare"] = (double)counts.RemoteHops / counts.Hops;
        return new(values)
        {
            Tables = [Devices(counts, seconds), Applications(counts, zoo)],
            Notes = ["Whether an equivalent block or a surrogate changes answers is an input here; a simulation cannot know it."],
        };
    }

    private static ExperimentTable Devices(BlockCounts counts, double seconds) => new(
        "Devices", ["device", "server", "blocks at the end", "weights GB", "busy share"],
        [.. counts.Devices.Select(device => (IReadOnlyList<string>)
        [
            Text(device.Index), Text(device.Server), Text(device.Instances.Count), Text(device.WeightBytes / 1e9), Text(seconds > 0 ? device.BusySeconds / seconds : 0),
        ])]);

    private static ExperimentTable Applications(BlockCounts counts, BlockZoo zoo) => new(
        "Applications", ["application", "base", "kind", "popularity", "chain", "p95 s"],
        [.. zoo.Models.Select(model => (IReadOnlyList<string>)
        [
            Text(model.Id), zoo.Bases[model.Base].Name, model.IsAdapter ? "adapter" : "fine-tune", Text(model.Popularity),
            string.Join(" ", model.Chain.Select(block => zoo.Blocks[block].Name)),
            counts.EndToEndOf[model.Id].Count == 0 ? "" : Text(Quantile(counts.EndToEndOf[model.Id], 0.95)),
        ])]);

    private static double Quantile(List<double> values, double share)
    {
        double[] sorted = [.. values];
        Array.Sort(sorted);
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }

    private static string Text(double value) => ExperimentTable.Cell(value, 3);
}
