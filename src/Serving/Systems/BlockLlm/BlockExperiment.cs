using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Models;

namespace Orrery.Serving.Systems.BlockLlm;

/// <summary>One run: the zoo, the requests, the cluster. Likeness, popularity, arrivals and lengths come from streams of their own, so that every kind of store meets the same tenants and requests.</summary>
internal static class BlockExperiment
{
    // Longest prompt and output that are drawn (d): the base models read 2,048 tokens.
    private const int LongestTokens = 1024;

    /// <summary>Requests of a run, all kept in memory.</summary>
    private const double MostRequests = 1e6;

    private const int DrawsBetweenChecks = 4096;

    private static readonly Duration LeastScaleInterval = Duration.FromMilliseconds(1);

    public static ExperimentResult Run(BlockLlmOptions options, RandomStream random, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        if (options.LeastShared > options.MostShared)
            throw new InputException($"leastShared: {options.LeastShared} is above mostShared {options.MostShared}; give leastShared <= mostShared");
        if (options.Length <= Duration.Zero || options.ScaleInterval < LeastScaleInterval)
            throw new InputException("duration: duration must be above zero and scaleInterval at least 1ms; give times such as 6min and 5s");
        double expected = options.RatePerSecond * options.Length.Seconds;
        if (expected > MostRequests)
            throw new InputException(
                $"duration: rate {options.RatePerSecond}/s for a duration of {options.Length.Seconds} s makes {expected:0} requests, more than {MostRequests:0}; lower rate or shorten duration");
        ModelSpec[] bases = [.. options.Bases.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Catalog.Model)];
        if (bases.Length == 0) throw new InputException("bases: there is no model; give catalogue names separated by blanks");
        if (bases.FirstOrDefault(model => model.Layers < BlockZoo.Segments) is { } shallow)
            throw new InputException($"bases: {shallow.Name} has {shallow.Layers} layers and is cut at {BlockZoo.Segments} places; name a deeper model");
        DeviceSpec device = Catalog.Device(options.Device);
        if (device.PeakRate(Precision.Bf16) is not { } peak)
            throw new InputException($"device: {device.Name} has no 16-bit rate; name another device");
        BlockZoo zoo = BlockZoo.Build(bases, options, random.Split("zoo"));
        var cluster = new BlockCluster(options, zoo, device, random.Split("surrogates"), Requests(options, zoo, random, cancel));
        cluster.Run(cancel);
        return BlockFigures.Of(cluster.Counts, zoo, peak.Value);
    }

    internal static List<BlockRequest> Requests(BlockLlmOptions options, BlockZoo zoo, RandomStream random, CancellationToken cancel)
    {
        List<BlockRequest> requests = [];
        RandomStream arrivals = random.Split("arrivals");
        RandomStream lengths = random.Split("lengths");
        RandomStream tenants = random.Split("tenants");
        LogNormal prompts = LogNormal.FromMedianSigma(options.PromptMedian, options.LengthSigma);
        LogNormal outputs = LogNormal.FromMedianSigma(options.OutputMedian, options.LengthSigma);
        var gap = Exponential.FromRate(options.RatePerSecond);
        for (double seconds = gap.Sample(arrivals); seconds < options.Length.Seconds; seconds += gap.Sample(arrivals))
        {
            if (requests.Count % DrawsBetweenChecks == 0) cancel.ThrowIfCancellationRequested();
            double place = tenants.NextDouble();
            int app = 0;
            while (app < zoo.Models.Count - 1 && place >= zoo.Models[app].Popularity) place -= zoo.Models[app++].Popularity;
            requests.Add(new(requests.Count, zoo.Models[app], Tokens(prompts), Tokens(outputs), Instant.FromSeconds(seconds)));
        }
        return requests;

        int Tokens(LogNormal law) => (int)Math.Clamp(Math.Round(law.Sample(lengths)), 1, LongestTokens);
    }
}
